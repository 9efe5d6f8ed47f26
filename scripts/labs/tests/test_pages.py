"""The pages of the labs, the teacher's kit and the blind-spot matrix."""
import re
import unittest

from labs import catalog, counters, paths, views
from base.errors import Failure

HEADINGS = ("The symptom", "Predict", "Look", "Check", "Hints", "Fix", "After PASS")
LESSON = ("Why it works.", "What else would have.", "Read on.")


class Pages(unittest.TestCase):
    def test_every_lab_has_all_headings_hints_and_a_patch(self):
        for lab in catalog.all_labs():
            with self.subTest(lab.number):
                text = lab.page.read_text(encoding="utf-8")
                self.assertEqual(tuple(re.findall(r"^## (.*)", text, re.M)), HEADINGS)
                self.assertEqual([one[:len(start)] for one, start in zip(lab.lesson(), LESSON)],
                                 list(LESSON))
                self.assertGreaterEqual(len(lab.hints()), 3)
                self.assertIn(f"{lab.data['minutes']} minutes.", text)
                self.assertRegex(lab.stage, rf"^v3-lab{lab.number:02}$")
                self.assertGreaterEqual(len(lab.decoys), 2)
                for budget in lab.budgets:
                    self.assertIn(budget["metric"].split(":")[0], counters.GROUPS)

    def test_the_answer_to_the_prediction_and_the_repair_are_folded(self):
        for lab in catalog.all_labs():
            with self.subTest(lab.number):
                text = lab.page.read_text(encoding="utf-8")
                open_text = re.sub(r"<details.*?</details>", "", text, flags=re.S)
                for heading in ("Fix", "Hints", "After PASS"):
                    self.assertRegex(open_text, rf"(?m)^## {heading}\n\s*(?=^## |\Z)")
                self.assertNotRegex(open_text, r"```console\n\$ .*(strace|pprof|/debug/)")
                self.assertLessEqual(text.count("\n"), 150)

    def test_an_unknown_lab_is_refused_with_the_list(self):
        with self.assertRaisesRegex(Failure, "lab '99': there are 1,"):
            catalog.find(99)


class TeachersKit(unittest.TestCase):
    text = (paths.ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")

    def test_minutes_of_the_plans_are_those_of_the_pages_and_add_up(self):
        plans = re.findall(
            r"\| step \| minutes \|\n\| --- \| --- \|\n(.*?)\| \*\*Sum\*\* \| \*\*(\d+)\*\* \|",
            self.text, re.S)
        self.assertEqual(len(plans), 3)
        for rows, total in plans:
            minutes = 0
            for name, spent in re.findall(r"^\| (.*?) \| (\d+) \|$", rows, re.M):
                minutes += int(spent)
                if found := re.fullmatch(r"Lab (\d+)", name):
                    self.assertEqual(int(spent), catalog.find(found[1]).data["minutes"], name)
            self.assertEqual(minutes, int(total))

    def test_every_lab_has_advice_an_answer_and_a_line_in_the_list(self):
        answers = (paths.ROOT / "docs" / "instructor-answers.md").read_text(encoding="utf-8")
        index = (paths.LABS / "README.md").read_text(encoding="utf-8")
        for lab in catalog.all_labs():
            self.assertRegex(self.text, rf"\*\*Lab {lab.number}\.\*\*")
            self.assertRegex(answers, rf"(?m)^\| {lab.number} \|")
            self.assertIn(
                f"| {lab.number} | [{lab.title}]({lab.number:02}/README.md) | "
                f"{lab.data['minutes']} |",
                index)


class LoneReader(unittest.TestCase):
    def test_a_path_takes_the_minutes_of_its_pages(self):
        docs = paths.ROOT / "docs"
        text = (docs / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| [^|]*?(\d+) minutes[^|]*(\|.*)$", text, re.M)
        self.assertEqual(len(rows), 3)
        for said, links in rows:
            pages = [docs / link for link in re.findall(r"\]\((.*?\.md)\)", links)]
            if not pages:  # all
                pages = [*docs.glob("[0-9]*.md"), *(lab.page for lab in catalog.all_labs())]
            minutes = [int(re.search(r"^\*\*Minutes:\*\* (\d+)|^(\d+) minutes\.",
                                     page.read_text(encoding="utf-8"), re.M).expand(r"\1\2"))
                       for page in pages]
            self.assertEqual(int(said), sum(minutes), [page.name for page in pages])


class BlindSpots(unittest.TestCase):
    def test_a_culprit_is_seen_if_it_is_large_and_gone_after_the_repair(self):
        for part, repaired, seen in ((20, 1, "yes"), (20, 15, "no"), (5, 1, "hardly"),
                                     (1, 0, "no")):
            self.assertEqual(views.of_profile("CPU", (part, 100), (repaired, 100))["sees"], seen)

    def test_a_large_share_of_nothing_is_not_seen(self):
        self.assertEqual(views.of_profile("mutex", (900, 1000), (0, 10))["sees"], "no")

    def test_system_calls_see_calls_that_are_gone_and_answers_that_stall(self):
        self.assertEqual(
            views.of_calls(({"write": 1.0}, 0.001), ({"write": 0.01}, 0.001))["call"], "write")
        self.assertEqual(views.of_calls(({"poll": 4}, 0.044), ({"poll": 3}, 0.001))["sees"], "yes")
        self.assertEqual(
            views.of_calls(({"write": 1.0}, 0.001), ({"write": 1.0}, 0.001))["sees"], "no")

    def test_only_a_view_that_turned_round_is_a_contradiction(self):
        lab = catalog.find(1)

        def findings(state):
            return {view: {"sees": state} for view in views.VIEWS}
        self.assertEqual(views.contradictions(lab, findings("hardly"), findings("yes")), [])
        self.assertEqual(len(views.contradictions(lab, findings("no"), findings("yes"))),
                         len(views.VIEWS))

    def test_the_page_shows_what_is_recorded(self):
        self.assertEqual(views.PAGE.read_text(encoding="utf-8"), views.page_with(views.known()))
        self.assertEqual(set(views.known()), {str(lab.number) for lab in catalog.all_labs()})


if __name__ == "__main__":
    unittest.main()

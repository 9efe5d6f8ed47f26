"""The site as a reader opens it, from the disk: every page is there, search answers, nothing
comes from a network."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from base.paths import ROOT
from base.tests.fake_tree import eventually
from docs import deck
from report.tests.browser import PROGRAM, Browser

# WCAG 2, level AA, for text of this size.
CONTRAST = 4.5


def contrast(one: str, other: str) -> float:
    """Of two colours as a browser writes them, `rgb(r, g, b)`: from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = (int(part) / 255
                 for part in colour.removeprefix("rgb(").removesuffix(")").split(", "))
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055)**2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def build(site: Path) -> None:
    command = [
        sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file",
        "scripts/docs/mkdocs.yml", "--site-dir",
        str(site)
    ]
    subprocess.run(command, cwd=ROOT, check=True)


@unittest.skipUnless(PROGRAM, "no chromium: make setup")
class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        build(cls.site)

    def test_every_page_of_the_tutorial_is_there(self):
        pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"README"} | {"index"}
        self.assertEqual(pages - {page.stem for page in self.site.glob("*.html")}, set())

    def test_no_page_shows_a_directive_of_docs_check(self):
        for page in self.site.glob("*.html"):
            self.assertNotRegex(page.read_text(encoding="utf-8"),
                                "<!-- (check|run|show|figure|code):", page.name)

    def test_search_works_from_the_disk_without_a_network(self):
        with Browser() as browser:
            browser.open(self.site / "index.html?q=mutex")
            titles = eventually(lambda: browser.eval("""[...document.querySelectorAll(
                '.md-search-result__article :is(h1, h2)')].map((title) => title.textContent)"""))
            self.assertEqual(browser.errors, [])
            self.assertEqual([url for url in browser.requests if url.startswith("http")], [])
        self.assertTrue(any("mutex" in title.lower() for title in titles), titles)

    def test_the_menu_has_the_parts_and_no_answers(self):
        page = (self.site / "index.html").read_text(encoding="utf-8")
        for part in ("Look", "Find", "Fix", "Prove", "Beyond", "Labs", r"1\. Long texts wait"):
            self.assertRegex(page, rf'md-nav__link"[^>]*>(\s|<span[^>]*>)*{part}\b')
        self.assertNotIn("instructor-answers.html", page)

    def test_the_copy_button_takes_the_commands_alone(self):
        with Browser() as browser:
            browser.open(self.site / "22-stacks.html", height=8000)  # buttons come into view only
            copied = eventually(lambda: browser.eval("""[...document.querySelectorAll(
                '.md-clipboard')].map((button) => (button.click(),
                                                   button.dataset.clipboardText || ''))"""))
        commands = "\n".join(copied).split("\n")
        self.assertIn("strip -o build/stripped.so build/debug.so", commands)
        self.assertEqual([line for line in commands if "$ " in line or "flat" in line], [])

    def test_a_phone_shows_whole_commands(self):
        with Browser() as browser:
            browser.open(self.site / "21-perf.html", 390, 844)
            self.assertEqual(browser.eval("document.documentElement.scrollWidth"), 390)
            right = browser.eval("""Math.max(...[...document.querySelectorAll('.gp')].map(
                (prompt) => prompt.parentElement.getBoundingClientRect().right))""")
        self.assertLessEqual(right, 390)

    def test_links_can_be_read_in_both_schemes(self):
        for scheme in ("light", "dark"):
            with self.subTest(scheme), Browser() as browser:
                browser.open(self.site / "index.html", 1280, 900, scheme)
                link, ground = (browser.eval(f"getComputedStyle({element}).{what}")
                                for element, what in (("document.querySelector('.md-content td a')",
                                                       "color"), ("document.body",
                                                                  "backgroundColor")))
                self.assertGreaterEqual(contrast(link, ground), CONTRAST, (link, ground))

    def test_a_list_goes_on_with_its_number_after_a_fold(self):
        page = (self.site / "labs" / "01" / "index.html").read_text(encoding="utf-8")
        self.assertIn('<ol start="2">', page)
        self.assertRegex(page, r'(?s)<details>\s*<summary>.{,99}</summary>\s*<div class="high')


class Deck(unittest.TestCase):
    """The slides of the 90-minute plan."""

    def test_every_step_of_the_plan_has_its_slides_and_its_minutes(self):
        made = deck.slides(ROOT / "docs")
        self.assertEqual(sum(slide.minutes for slide in made), 90)
        for slide in made:
            self.assertTrue(slide.notes, slide.title)
            self.assertNotRegex(slide.body, "<!--|details>|href=", slide.title)
        (shown, told), = ((slide.body, slide.notes) for slide in made
                          if "1000" in slide.body and slide.title == "Predict")
        self.assertNotIn("1,920", shown)  # the answer is in the notes
        self.assertIn("1,920", told)

    @unittest.skipUnless(PROGRAM, "no chromium: make setup")
    def test_keys_move_notes_are_hidden_until_n_and_nothing_comes_from_a_network(self):
        file = Path(self.enterContext(tempfile.TemporaryDirectory()), "deck.html")
        deck.write(ROOT / "docs", file)
        shown = "[...document.querySelectorAll('section')].filter(one => one.offsetHeight).length"
        notes = "document.querySelector('section.now aside').offsetHeight"
        for width in (1280, 390):
            with Browser() as browser:
                browser.open(file, width, 844)
                browser.eval("dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))")
                self.assertEqual(browser.eval("location.hash"), "#2")
                self.assertEqual((browser.eval(shown), browser.eval(notes)), (1, 0))
                browser.eval("dispatchEvent(new KeyboardEvent('keydown', {key: 'n'}))")
                self.assertGreater(browser.eval(notes), 0)
                self.assertLessEqual(browser.eval("document.documentElement.scrollWidth"), width)
                self.assertEqual(browser.errors, [])
                self.assertEqual([url for url in browser.requests if url.startswith("http")], [])


if __name__ == "__main__":
    unittest.main()

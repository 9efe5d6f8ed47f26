"""The flame graph page in a browser: no console message, every control works, everything is in the
one file."""
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from flame import numbers, page, tree
from flame.samples import Amount
from flame.stacks import LIBRARY

# Presses the controls, then writes what they did into the page.
DRIVER = """<script>addEventListener('load', () => {
  const said = [], find = (selector) => document.querySelector(selector);
  const chart = find('.flame-chart'), search = find('input');
  const note = (name, value) => said.push(name + '=' + value);
  const press = (key) => new KeyboardEvent('keydown', { key, bubbles: true });
  const key = (name) => chart.dispatchEvent(press(name));
  const details = () => find('.flame-details').textContent;
  const count = (selector) => chart.querySelectorAll(selector).length;
  note('frames', count('.frame:not([hidden])'));
  search.value = 'LEFT';
  search.dispatchEvent(new Event('input'));
  note('found', details());
  note('marked', count('.found'));
  key('Escape');
  note('cleared', count('.found'));
  key('ArrowDown');
  key('ArrowDown');
  key('ArrowDown');
  note('moved', details());
  note('label', chart.querySelector('.current').textContent);
  note('color', chart.querySelector('.current').style.background);
  key('Enter');
  note('zoomed', count('.frame:not([hidden])'));
  note('full', chart.querySelector('.current').style.width);
  key('Escape');
  note('all', count('.frame:not([hidden])'));
  const other = document.querySelector('[data-view=v]');
  if (other) other.click();
  note('side', count('.frame:not([hidden])'));
  const done = document.createElement('pre');
  done.id = 'said';
  done.textContent = said.join('\\n');
  document.body.append(done);
});</script></body>"""


def stacks(**leaves):
    names = {"leftpad": ("service::leftpad", "leftpad"), "other": ("</script><b>", LIBRARY)}
    return {(("main", LIBRARY), names[name]): Amount(
        value, value) for name, value in leaves.items()}


@unittest.skipUnless(shutil.which("chromium"), "chromium is not installed: make setup")
class Page(unittest.TestCase):
    def said(self, new, old=None, names=()):
        root = tree.build(new, old)
        text = page.render(page.widget("A <test>", root, "count", names), root)
        self.assertNotRegex(text, r'(?:src|href)="(?!data:)')  # works offline
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "page.html").write_text(text.replace("</body>", DRIVER), encoding="utf-8")
        done = subprocess.run([
            "chromium", "--headless", "--disable-gpu", "--enable-logging=stderr",
            "--virtual-time-budget=3000", "--dump-dom", f"--user-data-dir={folder}/browser",
            "--no-sandbox", f"file://{folder}/page.html"
        ], capture_output=True, text=True, timeout=120, check=True)
        self.assertNotIn("CONSOLE", done.stderr)
        lines = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)[1].splitlines()
        return dict(line.split("=", 1) for line in lines)

    def test_one_profile_can_be_searched_zoomed_and_walked(self):
        said = self.said(stacks(leftpad=60, other=40))
        self.assertEqual((said["frames"], said["marked"], said["cleared"]), ("4", "1", "0"))
        self.assertEqual(said["found"], "1 frame matches “LEFT”: 60, 60.0 %")
        self.assertEqual(said["moved"], "service::leftpad: 60, 60.0 %")
        self.assertEqual((said["label"], said["color"], said["full"]),
                         ("leftpad", "var(--leftpad)", "100%"))
        self.assertEqual((said["zoomed"], said["all"]), ("3", "4"))

    def test_two_profiles_can_be_seen_from_either_side(self):
        said = self.said(stacks(leftpad=10), stacks(leftpad=60, other=40), ("v1", "v2"))
        self.assertRegex(said["moved"].replace(numbers.THIN, " "),
                         r"^service::leftpad: 60 → 10 \(−83 % \[−\d\d, −\d\d\]\)$")
        self.assertEqual((said["all"], said["side"]), ("4", "3"))
        self.assertIn("--less", said["color"])

    def test_a_difference_that_the_samples_cannot_carry_has_no_colour(self):
        said = self.said(stacks(leftpad=60, other=40), stacks(leftpad=50, other=40), ("v1", "v2"))
        self.assertEqual(said["moved"], "service::leftpad: 50 → 60 (~)")
        self.assertRegex(said["color"], r"^color-mix\(in srgb, var\(--\w+\) 0%, var\(--same\)\)$")


if __name__ == "__main__":
    unittest.main()

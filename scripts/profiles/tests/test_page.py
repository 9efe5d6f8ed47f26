"""The flame graph page in a browser: no console message, every control works, everything is in the one file."""
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from profiles import flame, tree

# Presses the controls, then writes what they did into the page.
DRIVER = """<script>addEventListener('load', () => {
  const said = [], chart = document.getElementById('chart'), search = document.getElementById('search');
  const note = (name, value) => said.push(name + '=' + value);
  const key = (name) => chart.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
  const details = () => document.getElementById('details').textContent;
  const marked = () => [...chart.querySelectorAll('rect')].filter((r) => r.getAttribute('fill').includes('--mark')).length;
  note('frames', chart.querySelectorAll('g.frame').length);
  search.value = 'LEFT';
  search.dispatchEvent(new Event('input'));
  note('found', details());
  note('marked', marked());
  key('Escape');
  note('cleared', marked());
  key('ArrowDown');
  key('ArrowDown');
  note('moved', details());
  key('Enter');
  note('zoomed', chart.querySelectorAll('g.frame').length);
  key('Escape');
  note('all', chart.querySelectorAll('g.frame').length);
  const other = document.querySelector('[name=side][value=v]');
  if (!document.getElementById('sides').hidden) other.click();
  note('side', chart.querySelectorAll('g.frame').length);
  const done = document.createElement('pre');
  done.id = 'said';
  done.textContent = said.join('\\n');
  document.body.append(done);
});</script></body>"""

OLD = {(("main", "l"), ("service::leftpad", "s")): 60, (("main", "l"), ("</script><b>", "l")): 40}
NEW = {(("main", "l"), ("service::leftpad", "s")): 10}


@unittest.skipUnless(shutil.which("chromium"), "chromium is not installed: make setup")
@unittest.skipUnless((flame.MODULES / flame.LIBRARIES[1]).is_file(),
                     "d3-flame-graph is not installed: make setup")
class Page(unittest.TestCase):
    def said(self, new, old, names):
        data = {
            "title": "A <test>", "unit": "count", "names": names, "perRequest": False,
            "root": tree.build(new, old)
        }
        text = flame.page(data)
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
        said = self.said(OLD, None, [])
        self.assertEqual((said["frames"], said["marked"], said["cleared"]), ("4", "1", "0"))
        self.assertEqual(said["found"], "1 frames match: 60, 60.0 %")
        self.assertEqual(said["moved"], "service::leftpad: 60, 60.0 %")
        self.assertEqual((said["zoomed"], said["all"]), ("3", "4"))

    def test_two_profiles_can_be_seen_from_either_side(self):
        said = self.said(NEW, OLD, ["v1", "v2"])
        self.assertEqual(said["moved"], "service::leftpad: 60 → 10 (-83 %)")
        self.assertEqual((said["all"], said["side"]), ("4", "3"))


if __name__ == "__main__":
    unittest.main()

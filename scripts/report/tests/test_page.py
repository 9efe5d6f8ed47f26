"""The page in headless Chromium: the fixture's, and that of what was measured here, if it was."""
import tempfile
import unittest
from pathlib import Path

from base.paths import BUILD, PROFILES
from report.tests import made
from report.tests.browser import PROGRAM, Browser

REAL = {"compare": BUILD / "compare", "profiles": PROFILES}
VISIBLE = """[...document.querySelectorAll('{}')].map((each) => each.getBoundingClientRect())
  .map((box) => [box.width, box.height])"""
# Where the words of the charts are, in pixels of the window.
LABELS = """[...document.querySelectorAll('.chart text')].map((text) => {
  const { left, right, top, bottom } = text.getBoundingClientRect();
  return { words: text.textContent, left, right, top: top + 2, bottom: bottom - 2 };
})"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
CPU = "document.querySelector('[data-flame=flame-cpu]')"
# Contrast of text on the page's background, by the formula of WCAG 2.
CONTRAST = """(() => {
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const back = light(getComputedStyle(document.body).backgroundColor);
  const names = ['body', '.lede', '.note', '.key.old', '.key.new', '.tile-change', '.top a'];
  return names.map((name) => light(getComputedStyle(document.querySelector(name)).color))
    .map((l) => (Math.max(l, back) + 0.05) / (Math.min(l, back) + 0.05));
})()"""


@unittest.skipUnless(PROGRAM, "chromium is not installed: make setup")
class PageTest(unittest.TestCase):
    path = None

    @classmethod
    def setUpClass(cls):
        cls.path = made.fixture_page()
        cls.browser = Browser().__enter__()
        cls.addClassCleanup(cls.browser.__exit__)

    def open(self, **view):
        self.browser.open(self.path, **view)
        return self.browser.eval

    def test_no_console_error_and_nothing_loaded(self):
        for scheme in ("light", "dark"):
            self.open(scheme=scheme)
            self.assertEqual(self.browser.errors, [])
            self.assertEqual(
                [url for url in self.browser.requests if not url.startswith(("file:", "data:"))],
                [])

    def test_every_picture_is_drawn(self):
        page = self.open()
        for selector, least in ((".chart svg", 2), (".bars", 10),
                                (".frame:not([hidden])", 20), ("details[open] .callgraph svg", 1)):
            sizes = page(VISIBLE.format(selector))
            self.assertGreaterEqual(len(sizes), least, selector)
            self.assertTrue(all(height > 3 for _, height in sizes), selector)
        self.assertEqual(page("document.querySelectorAll('.flame-chart').length"), 2)
        self.assertGreater(page("document.querySelectorAll('.chart circle').length"), 20)

    def test_pictures_have_words(self):
        page = self.open()
        words = page("[...document.querySelectorAll('[role=img], .flame-chart')]"
                     ".map((each) => each.getAttribute('aria-label') || '')")
        self.assertTrue(words and all(len(each) > 15 for each in words), words)

    def test_search_marks_frames_and_says_how_much(self):
        page = self.open()
        page(f"{CPU}.querySelector('input').value = 'statsd'")
        page(f"{CPU}.querySelector('input').dispatchEvent(new Event('input'))")
        marked = page(
            f"{CPU}.querySelectorAll('.frame.found').length"
        )
        self.assertGreater(marked, 0)
        self.assertRegex(page(f"{CPU}.querySelector('.flame-details').textContent"),
                         r"^\d+ frames? match(es)? .statsd.*%")
        # The widths of the difference are of two profiles: no share of a whole.
        page(f"{CPU}.querySelector('[data-view=d]').click()")
        self.browser.settle()
        self.assertRegex(page(f"{CPU}.querySelector('.flame-details').textContent"),
                         r"^[1-9]\d* frames? match(es)? .statsd.$")

    def test_click_zooms_and_reset_shows_all(self):
        page = self.open()
        frame = f"{CPU}.querySelector('.frame[data-name*=timed_handler]')"
        width = f"{frame}.getBoundingClientRect().width"
        before = page(width)
        page(f"{frame}.click()")
        self.browser.settle()
        self.assertGreater(page(width), before * 1.5)
        page(f"{CPU}.querySelector('.reset').click()")
        self.browser.settle()
        self.assertAlmostEqual(page(width), before, delta=2)

    def test_keyboard_walks_zooms_and_searches(self):
        page = self.open()
        page(f"{CPU}.querySelector('.flame-chart').focus()")
        for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
            self.browser.key(key)
        self.assertEqual(page(f"{CPU}.querySelectorAll('.frame.current').length"), 1)
        name = page(f"{CPU}.querySelector('.frame.current').dataset.name")
        self.assertIn(name, page(f"{CPU}.querySelector('.flame-details').textContent"))
        full = page(f"{CPU}.querySelector('.flame-chart').clientWidth")
        self.browser.key("Enter")
        self.assertGreater(
            page(f"{CPU}.querySelector('.frame.current').getBoundingClientRect().width"),
            full * 0.95)
        self.browser.key("Escape")
        self.assertEqual(page(f"{CPU}.querySelectorAll('.frame.current').length"), 0)
        self.browser.key("/")
        self.assertEqual(page("document.activeElement.type"), "search")

    def test_views_differ_and_the_difference_is_coloured(self):
        page = self.open()
        shares = {}
        for view in ("o", "v", "d"):
            page(f"{CPU}.querySelector('[data-view={view}]').click()")
            self.browser.settle()
            frame = f"{CPU}.querySelector('.frame[data-name*=timed_handler]')"
            shares[view] = page(f"{frame}.getBoundingClientRect().width")
        self.assertGreater(shares["o"], 2 * shares["v"])
        fills = page(
            f"[...{CPU}.querySelectorAll('.frame')].map((each) => each.style.background).join()")
        self.assertIn("--less", fills)

    def test_both_themes_are_readable_and_the_button_switches(self):
        backgrounds = {}
        for scheme in ("light", "dark"):
            page = self.open(scheme=scheme)
            backgrounds[scheme] = page(BACKGROUND)
            self.assertTrue(all(ratio >= 4.5 for ratio in page(CONTRAST)), (scheme, page(CONTRAST)))
            page("document.getElementById('theme').click()")
            self.assertNotEqual(page(BACKGROUND), backgrounds[scheme])
            page("localStorage.clear()")
        self.assertNotEqual(backgrounds["light"], backgrounds["dark"])

    def test_no_sideways_scrolling_from_phone_to_desktop(self):
        for width in (320, 360, 390, 768, 1280):
            self.assertEqual(self.open(width=width)(OVERFLOW), 0, width)

    def test_labels_of_the_charts_never_touch(self):
        for width in (320, 390, 768, 1280):
            texts = self.open(width=width)(LABELS)
            self.assertGreater(len(texts), 10)
            for number, one in enumerate(texts):
                self.assertGreaterEqual(one["left"], -1, (width, one))
                self.assertLessEqual(one["right"], width + 1, (width, one))
                for other in texts[number + 1:]:
                    apart = (one["right"] <= other["left"] or other["right"] <= one["left"]
                             or one["bottom"] <= other["top"] or other["bottom"] <= one["top"])
                    self.assertTrue(apart, (width, one, other))

    def test_sections_lead_to_their_chapters_and_to_labs(self):
        page = self.open()
        links = page("[...document.querySelectorAll('.lesson a')].map((a) => a.href)")
        self.assertGreaterEqual(len(links), 5)
        for link in links:
            self.assertTrue(Path(link.removeprefix("file://")).is_file(), link)
        words = page("[...document.querySelectorAll('.lesson code')].map((c) => c.textContent)")
        self.assertGreaterEqual(sum(word.startswith("make lab N=") for word in words), 5)

    def test_the_tab_key_reaches_controls_and_shows_where(self):
        page = self.open()
        seen = []
        for _ in range(12):
            self.browser.key("Tab")
            seen.append(page("document.activeElement.tagName"))
            self.assertNotEqual(page("getComputedStyle(document.activeElement).outlineStyle"),
                                "none")
        self.assertIn("BUTTON", seen)

    def test_call_graph_zooms(self):
        page = self.open()
        width = "document.querySelector('.callgraph svg').getBoundingClientRect().width"
        before = page(width)
        page("document.querySelector('[data-zoom=\"1.25\"]').click()")
        self.assertGreater(page(width), before * 1.2)

    def test_paper_is_light_and_has_pictures_but_no_controls(self):
        page = self.open(width=760, scheme="dark")
        self.browser.call("Emulation.setEmulatedMedia", media="print")
        self.addCleanup(self.browser.call, "Emulation.setEmulatedMedia", media="")
        self.assertEqual(page(BACKGROUND), "rgb(255, 255, 255)")
        self.assertEqual(page(OVERFLOW), 0)
        for selector in (".chart svg", ".bars .bar", ".frame"):
            self.assertTrue(any(width > 0 for width, _ in page(VISIBLE.format(selector))), selector)
        for selector in (".top", ".search", ".graph-tools"):
            self.assertEqual(page(VISIBLE.format(selector))[0], [0, 0], selector)


@unittest.skipUnless(PROGRAM and made.is_complete(**REAL),
                     "not all of it is measured: make walkthrough")
class RealReport(PageTest):
    """The same on what was measured here."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = made.make(made.folder() / "real.html", **REAL)


@unittest.skipUnless(PROGRAM, "chromium is not installed: make setup")
class WithLessThanAll(unittest.TestCase):
    def check(self, *folders):
        with tempfile.TemporaryDirectory() as empty, Browser() as browser:
            browser.open(made.make(Path(empty, "index.html"), *folders))
            self.assertEqual(browser.errors, [])
            self.assertEqual(browser.eval(OVERFLOW), 0)
            return browser.eval("document.querySelectorAll('.missing').length")

    def test_nothing_measured(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assertGreaterEqual(self.check(empty, empty), 6)

    def test_profiles_without_a_comparison(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assertEqual(self.check(empty, None), 2)


if __name__ == "__main__":
    unittest.main()

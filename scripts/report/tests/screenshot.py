"""Pictures of a report as people see it: `python3 -m report.tests.screenshot PAGE FOLDER`, from
scripts/.

Writes desktop and phone, light and dark, in pieces of one screen each, for looking at.
"""
import sys
from pathlib import Path

from report.tests.browser import Browser

VIEWS = {"desktop-light": (1280, 1500, "light"), "desktop-dark": (1280, 1500, "dark"),
         "phone-light": (390, 1400, "light"), "phone-dark": (390, 1400, "dark")}


def main(page, folder, wanted=tuple(VIEWS)):
    Path(folder).mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        for name in wanted:
            width, height, scheme = VIEWS[name]
            browser.open(Path(page).absolute(), width, height, scheme)
            content = browser.eval("Math.ceil(document.body.getBoundingClientRect().height)")
            if content < height:  # no empty sheet below it
                browser.open(Path(page).absolute(), width, content, scheme)
                height = content
            total = browser.eval("document.documentElement.scrollHeight")
            for number, top in enumerate(range(0, max(1, total - 80), height - 80)):
                browser.eval(f"scrollTo({{top: {top}, behavior: 'instant'}})")
                browser.settle()
                browser.screenshot(f"{folder}/{name}-{number:02}.png", full=False)
            print(name, total, browser.errors)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], tuple(sys.argv[3:]) or tuple(VIEWS))

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How the search page looks and what a screen reader gets: every state on a desktop and a phone, light and dark.

Screenshots go to $SIGHTLINE_SCREENSHOTS (default: a folder "screenshots" in the working directory), to be looked at.
environment: as in page_test.py
"""
import os
import pathlib
import unittest

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import Browser, SIZES
from server import SAMPLES, Server

HERE = pathlib.Path(__file__).parent
SHOTS = pathlib.Path(os.environ.get("SIGHTLINE_SCREENSHOTS", "screenshots"))
MATCHES = {"path": "/search", "probabilities": [0.94, 0.87, 0.83, 0.71, 0.66, 0.58, 0.55, 0.41, 0.2] + [0.05] * 20}
JOB = {"id": 3, "state": "running", "inputs": ["/srv/photos/2024"], "items_done": 3031, "items_total": 12000, "items_added": 2980, "error_count": 2,
       "errors": [{"path": "/srv/photos/2024/broken.jpg", "reason": "not a picture"}], "seconds_left": 340}
DONE = dict(JOB, id=2, state="finished", inputs=["/srv/photos/2023"], items_done=800, items_total=800, items_added=800, error_count=0, errors=[])

server = None
url = ""


def setUpModule():
    global server, url
    url = os.environ.get("SIGHTLINE_PAGE_URL", "")
    if not url:
        server = Server()
        unittest.addModuleCleanup(server.close)
        server.index_samples()
        server.start()
        url = server.url
    SHOTS.mkdir(parents=True, exist_ok=True)


def start(page):
    page.open("?c=samples")


def matches(page):
    page.open("?c=samples&q=an+animal", [MATCHES])
    page.wait(".answer .card")


def no_match(page):
    page.open("?c=samples&q=a+purple+submarine")
    page.wait(".answer .card")


def nothing(page):
    page.open("?c=samples&q=a+dog&f=%5B%22album%22%2C%22is%22%2C%22Paris%22%5D")
    page.wait(".message")


def picture_query(page):
    page.open("?c=samples")
    page.one("#file").send_keys(str(sorted((SAMPLES / "photos").glob("*.jpg"))[2]))
    page.wait(".answer .card")
    page.settled()


def captions(page):
    page.open("?c=samples&q=a+dog&type=text")
    page.wait(".answer .words")


def open_caption(page):
    page.open("?c=samples&q=a+dog&type=text")
    page.wait(".answer .face").click()
    page.wait("#viewer .quote img")


def open_picture(page):
    page.open("?c=samples&q=an+animal&type=image", [MATCHES])
    page.wait(".answer .face").click()
    page.wait("#viewer[open] img")


def open_video(page):
    page.open("?c=samples&q=camels&type=clip", [MATCHES])
    page.wait(".answer .face").click()
    page.until(lambda: page.js("return document.querySelector('#viewer video')?.readyState > 2"), "the video")
    page.js("document.querySelector('#viewer video').pause()")


def filters(page):
    page.open('?c=samples&q=an+animal&f=["album","is","Rome"]&f=["","path","/"]', [MATCHES])
    page.wait(".answer .card")
    page.js("document.getElementById('filters-button').click()")
    page.wait("#filters .condition")


def jobs(page):
    page.open("?c=samples", [{"path": "/jobs", "status": 200, "problem": {"jobs": [JOB, DONE]}}])
    page.until(lambda: page.one("#jobs-button").is_displayed(), "the button of the jobs")
    page.one("#jobs-button").click()
    page.wait("#jobs .job")


def loading(page):
    page.open("?c=samples")
    page.js("window.meddled.rules.push({path: '/search', delay: 3000})")
    page.js("document.querySelector('main').replaceChildren()")
    page.type("a dog")
    page.wait(".skeleton")


def failure(page):
    page.open("?c=samples&q=a+dog", [{"path": "/search", "fail": True}])
    page.wait("main [role=alert]")


def key(page):
    page.open("?c=samples", [{"path": "v1/", "status": 401, "problem": {"title": "Unauthorized", "detail": "a key is needed"}}])
    page.wait("#key[open]")


def shortcuts(page):
    page.open("?c=samples")
    page.js("document.activeElement.blur()")
    page.key("?")
    page.wait("#help[open]")


STATES = [start, matches, no_match, nothing, picture_query, captions, open_caption, open_picture, open_video, filters, jobs, loading, failure, key, shortcuts]
NAMED_ROLES = {"button", "link", "searchbox", "textbox", "combobox", "radio", "checkbox", "dialog", "progressbar", "ProgressIndicator", "list box",
               "Date", "region", "navigation", "group"}


class LookTest(unittest.TestCase):
    def test_every_state_in_every_size_and_theme(self):
        for size in SIZES:
            for theme in ("light", "dark"):
                page = Browser(url, size, theme)
                try:
                    for state in STATES:
                        with self.subTest(f"{size} {theme} {state.__name__}"):
                            self.look_at(page, state, f"{size}-{theme}-{state.__name__}")
                finally:
                    page.quit()

    def look_at(self, page, state, name):
        state(page)
        page.pictures_loaded()
        page.driver.save_screenshot(str(SHOTS / f"{name}.png"))
        self.assertEqual([], page.js((HERE / "look.js").read_text(encoding="utf-8")))
        self.assert_named(page)
        self.assertEqual(1, len(page.all("h1")))

    def assert_named(self, page):
        """What can be used or is jumped to has a name for those who do not see it."""
        for node in page.cdp("Accessibility.getFullAXTree")["nodes"]:
            if node.get("ignored") or node.get("role", {}).get("value") not in NAMED_ROLES:
                continue
            if node["role"]["value"] == "group" and not node.get("name", {}).get("value"):
                continue  # <details> is one.
            self.assertTrue(node.get("name", {}).get("value"), f"no name: {node}")


class FocusTest(unittest.TestCase):
    def setUp(self):
        self.page = Browser(url)
        self.addCleanup(self.page.quit)

    def ring(self):
        """Whether what has the focus, or what stands for it, is outlined."""
        return self.page.js("""
            const has = document.activeElement;
            const stands = [has, has.closest(".search"), has.closest(".card"), has.nextElementSibling].filter(Boolean);
            return stands.some((element) => {
              const style = getComputedStyle(element);
              return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || (element.matches(".search") && style.boxShadow.includes("3px"));
            })""")

    def test_the_focus_is_always_seen(self):
        matches(self.page)
        seen = set()
        for _ in range(25):
            self.page.key(Keys.TAB)
            what = self.page.js("return document.activeElement.outerHTML.slice(0, 80)")
            seen.add(what)
            self.assertTrue(self.ring(), what)
        self.assertGreater(len(seen), 15, "the focus moves on")

    def test_a_dialog_keeps_the_focus(self):
        shortcuts(self.page)
        for _ in range(6):
            self.page.key(Keys.TAB)
            self.assertTrue(self.page.js("return document.activeElement === document.body || document.activeElement.closest('dialog') !== null"))

    def test_the_first_stop_skips_to_the_results(self):
        matches(self.page)
        for _ in range(2):  # from the search box over the name of the page
            ActionChains(self.page.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
        self.assertIn("Skip to the results", self.page.active().text)
        self.page.key(Keys.ENTER)
        self.assertEqual("results", self.page.active().get_attribute("id"))

    def test_chosen_colours_win_over_the_systems(self):
        start(self.page)
        background = lambda: self.page.js("return getComputedStyle(document.body).backgroundColor")
        light = background()
        self.page.one("#theme").click()
        self.assertEqual(light, background())
        self.page.one("#theme").click()
        dark = background()
        self.assertNotEqual(light, dark)
        start(self.page)
        self.assertEqual(dark, background(), "the choice lasts")
        self.page.one("#theme").click()
        self.assertEqual(light, background())
        self.page.prefer("dark")
        self.page.until(lambda: background() == dark, "the system's colours")

    def test_without_motion_nothing_moves(self):
        self.page.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        matches(self.page)
        self.assertEqual("0s", self.page.js("return getComputedStyle(document.querySelector('.face img')).transitionDuration").split(",")[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)

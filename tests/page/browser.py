# SPDX-License-Identifier: BSD-3-Clause
"""A headless Chromium on the search page, and what tests ask it."""
import json
import pathlib
import time

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

HERE = pathlib.Path(__file__).parent
TIMEOUT_S = 60  # For what a loaded machine with a sanitizer takes; everything else comes at once.
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Mobile Safari/537.36"


class Browser:
    """One window. `size` is desktop or phone, `theme` what the system prefers: light or dark."""

    def __init__(self, url, size="desktop", theme="light"):
        self.url = url
        options = webdriver.ChromeOptions()
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--autoplay-policy=no-user-gesture-required", "--lang=en"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        width, height = SIZES[size]
        if size == "phone":
            metrics = {"width": width, "height": height, "pixelRatio": 2, "touch": True}
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics, "userAgent": PHONE_AGENT})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(TIMEOUT_S)
        self.driver.set_script_timeout(TIMEOUT_S)
        if size == "desktop":
            self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.prefer(theme)
        self.script = None

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def prefer(self, theme):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def quit(self):
        self.driver.quit()

    def open(self, query="", rules=()):
        """Loads the page. `rules` meddle with its requests (meddle.js); those of an earlier load are gone."""
        if self.script:
            self.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=self.script)
        source = (HERE / "meddle.js").read_text(encoding="utf-8").replace("RULES", json.dumps(list(rules)))
        self.script = self.cdp("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
        self.driver.get(self.url + query)
        self.wait("main .hero, main .answer, main .message, dialog[open]")

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def until(self, condition, what):
        """The first true value of `condition()`."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            try:
                value = condition()
            except (NoSuchElementException, StaleElementReferenceException):
                value = None  # The page was drawing.
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"waited {TIMEOUT_S} s for {what}; the page says: {self.text('main')[:400]}")

    def wait(self, css):
        return self.until(lambda: self.all(css), css)[0]

    def wait_gone(self, css):
        self.until(lambda: not self.all(css), f"no {css}")

    def text(self, css):
        return self.js("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def wait_text(self, css, part):
        self.until(lambda: part in self.text(css), f"{part!r} in {css}")

    def settled(self):
        """Waits until nothing is asked for any more."""
        self.until(lambda: self.js("return document.querySelector('main').getAttribute('aria-busy') === 'false'"), "an answer")

    def key(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def type(self, text):
        self.one("#words").send_keys(text)

    def say(self, text, submit=False):
        """As if the words had been typed without a pause, in which the page would search for what it has; and then Enter."""
        self.js("""const box = document.getElementById("words");
            box.focus(); box.value = arguments[0]; box.dispatchEvent(new Event("input"));
            if (arguments[1]) box.form.requestSubmit();""", text, submit)

    def search(self, text):
        """Asks for the words and takes the answer."""
        self.say(text, submit=True)
        self.until(lambda: (self.calls("/search") or [{}])[-1].get("done"), "the answer")
        self.settled()

    def hits(self):
        """Item ids in the order of the page, those in a closed fold included."""
        return self.js("return [...document.querySelectorAll('main .card')].map((c) => Number(c.dataset.item))")

    def active(self):
        return self.driver.switch_to.active_element

    def calls(self, path):
        """What the page asked for so far: [{url, method, body, done}]."""
        return [call for call in self.js("return window.meddled.calls") if path in call["url"]]

    def last_search(self):
        return self.calls("/search")[-1]["body"]

    def problems(self):
        """What the browser complained about: errors of scripts, refused loads, violations of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def pictures_loaded(self):
        """Waits for the pictures that are in view."""
        self.until(lambda: self.js("""
            return [...document.images].filter((image) => {
              const box = image.getBoundingClientRect();
              return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
            }).every((image) => image.complete)"""), "the pictures in view")
        # They fade in, from the next frame on.
        self.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));")
        self.until(lambda: self.js("""
            return document.getAnimations().every((one) => one.playState !== "running" || one.effect.getComputedTiming().endTime === Infinity)"""),
                   "the end of what moves")

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The search page on a server that asks for an API key.

environment: SIGHTLINE_PROGRAM  the program
"""
import unittest

from selenium.webdriver.common.keys import Keys

from browser import Browser
from server import SAMPLES, Server


class KeyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.run("index", "few", *sorted((SAMPLES / "photos").glob("*.jpg"))[:3])
        cls.server.run("index", "other", sorted((SAMPLES / "photos").glob("*.jpg"))[3])
        cls.key = cls.server.add_key("reader", "-c", "few")
        cls.server.start()

    def setUp(self):
        self.browser = Browser(self.server.url)
        self.addCleanup(self.browser.quit)

    def enter(self, key):
        self.browser.wait("#key[open]")
        self.browser.one("#key-input").send_keys(key, Keys.ENTER)

    def test_the_page_asks_and_says_when_a_key_is_wrong(self):
        self.browser.open()
        self.assertEqual("key-input", self.browser.active().get_attribute("id"))
        self.enter("sk-wrong")
        self.browser.wait_text("#key-error", "does not know this key")

    def test_with_a_key_the_page_works_and_pictures_show(self):
        self.browser.open("?q=a+dog")
        self.enter(self.key)
        self.browser.wait("main .answer .card")
        self.browser.pictures_loaded()
        self.assertEqual(3, len(self.browser.all("main .face img.loaded")), "the browser fetches pictures with the key")
        self.browser.one("main .face").click()
        self.browser.until(lambda: self.browser.js("return document.querySelector('#viewer img')?.naturalWidth > 0"), "the picture itself")

    def test_a_key_of_one_collection_sees_no_other(self):
        self.browser.open()
        self.enter(self.key)
        self.browser.wait("main .hero")
        names = self.browser.js("return [...document.getElementById('collection').options].map((option) => option.value)")
        self.assertEqual(["few"], names)

    def test_a_key_lasts_as_long_as_the_window_and_can_be_forgotten(self):
        self.browser.open()
        self.enter(self.key)
        self.browser.wait("main .hero")
        self.browser.open()
        self.browser.wait("main .hero")
        self.assertEqual([], self.browser.js("return Object.keys(localStorage).filter((name) => name.includes('key'))"), "it was not to be kept")
        self.browser.one("#key-button").click()
        self.browser.wait("#key-forget").click()
        self.browser.wait("#key[open]")
        self.assertNotIn("sightline_key", self.browser.js("return document.cookie"))

    def test_without_a_key_the_page_says_why_it_is_empty(self):
        self.browser.open()
        self.browser.wait("#key[open]")
        self.browser.one("#key-cancel").click()
        self.browser.wait_text("main", "asks for an API key")


if __name__ == "__main__":
    unittest.main(verbosity=2)

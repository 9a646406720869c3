#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The search page in a real browser, against the real server.

environment: SIGHTLINE_PROGRAM  the program; SIGHTLINE_PAGE_URL  instead: a server that runs already, with the same data
"""
import base64
import json
import os
import unittest
import urllib.request

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import Browser
from server import SAMPLES, Server

server = None
browser = None


def setUpModule():
    global server, browser
    url = os.environ.get("SIGHTLINE_PAGE_URL")
    if not url:
        server = Server()
        unittest.addModuleCleanup(server.close)
        server.index_samples()
        server.start()
        url = server.url
    browser = Browser(url)
    unittest.addModuleCleanup(browser.quit)


def setUp_problems(test):
    browser.problems()
    test.addCleanup(lambda: test.assertEqual([], browser.problems(), "the browser complains"))


# The small model calls almost nothing a match: tests of how matches are shown say what the probabilities are.
def probabilities(*values):
    return {"path": "/search", "probabilities": list(values)}


class StartTest(unittest.TestCase):
    def setUp(self):
        setUp_problems(self)

    def test_says_what_can_be_searched_and_shows_some_of_it(self):
        browser.open("?c=samples")
        self.assertIn("samples", browser.text(".hero h2"))
        self.assertGreater(len(browser.all("main .card")), 10)
        self.assertEqual([], browser.all("main .badge"), "nothing was compared")

    def test_the_search_box_has_the_focus(self):
        browser.open()
        self.assertEqual("words", browser.active().get_attribute("id"))

    def test_an_empty_collection_says_how_it_is_filled(self):
        browser.open("?c=samples", [{"path": "/items?", "status": 200, "problem": {"items": [], "next": None}},
                                    {"path": "v1/collections", "status": 200, "problem": {"collections": [{"collection": "samples", "items": 0}]}}])
        self.assertIn("samples is empty", browser.text("main"))
        self.assertIn("sightline index samples", browser.text("main pre"))

    def test_a_time_that_no_calendar_has_is_shown_as_a_number(self):
        with urllib.request.urlopen(browser.url + "v1/collections/samples/items?limit=1") as answer:
            item = json.load(answer)["items"][0]
        item["metadata"] = {"taken_at": [10 ** 15]}
        browser.open("?c=samples", [{"path": "/items?", "status": 200, "problem": {"items": [item], "next": None}}])
        browser.wait("main .card .face").click()
        self.assertIn(str(10 ** 15), browser.wait("#viewer .facts").text)

    def test_no_collection_says_how_one_is_made(self):
        browser.open("", [{"path": "v1/collections", "status": 200, "problem": {"collections": []}}])
        self.assertIn("Nothing is indexed yet", browser.text("main"))
        self.assertIn("sightline index", browser.text("main pre"))


class TypingTest(unittest.TestCase):
    def setUp(self):
        setUp_problems(self)

    def test_results_come_while_typing(self):
        browser.open("?c=samples")
        browser.type("a dog")
        browser.until(lambda: browser.calls("/search") and browser.last_search()["query"]["text"] == "a dog", "the search for all of it")
        browser.settled()
        browser.wait("main .answer .card")
        self.assertIn("q=a+dog", browser.driver.current_url)

    def test_typing_on_asks_once(self):
        browser.open("?c=samples")
        browser.js("""const box = document.getElementById("words");
            for (const text of ["a", "a ", "a d", "a do", "a dog"]) { box.value = text; box.dispatchEvent(new Event("input")); }""")
        browser.wait("main .answer")
        self.assertEqual(["a dog"], [call["body"]["query"]["text"] for call in browser.calls("/search")])

    def test_an_answer_that_is_overtaken_is_dropped(self):
        browser.open("?c=samples", [{"path": "/search", "body": "a cat", "delay": 1500}])
        browser.say("a cat")
        browser.until(lambda: browser.calls("/search"), "the slow search")
        browser.search("a dog")
        dogs = browser.hits()
        browser.until(lambda: all(call["done"] for call in browser.calls("/search")), "the slow answer")
        browser.settled()
        self.assertEqual(["a cat", "a dog"], [call["body"]["query"]["text"] for call in browser.calls("/search")])
        self.assertEqual(dogs, browser.hits())
        self.assertIn("q=a+dog", browser.driver.current_url)

    def test_back_returns_to_the_search_before(self):
        browser.open("?c=samples")
        browser.search("a dog")
        dogs = browser.hits()
        browser.search("a boat")
        browser.driver.back()
        browser.until(lambda: browser.one("#words").get_attribute("value") == "a dog", "the words before")
        browser.until(lambda: browser.hits() == dogs, "the hits before")

    def test_back_closes_an_open_hit_and_nothing_else(self):
        browser.open("?c=samples")
        browser.search("a dog")
        hits = browser.hits()
        browser.one("main .face").click()
        browser.wait("#viewer[open]")
        browser.driver.back()
        browser.wait_gone("#viewer[open]")
        self.assertEqual(hits, browser.hits())
        self.assertIn("q=a+dog", browser.driver.current_url)

    def test_closing_an_open_hit_leaves_the_history_as_it_was(self):
        browser.open("?c=samples")
        browser.search("a boat")
        browser.search("a dog")
        browser.one("main .face").click()
        browser.wait("#viewer[open]")
        browser.key(Keys.ESCAPE)
        browser.wait_gone("#viewer[open]")
        browser.until(lambda: not browser.js("return history.state"), "the entry of the open hit is left")
        browser.driver.back()
        browser.until(lambda: browser.one("#words").get_attribute("value") == "a boat", "the search before")

    def test_back_returns_from_more_like_this(self):
        browser.open("?c=samples")
        browser.search("a dog")
        hits = browser.hits()
        browser.one("main .face").click()
        browser.wait("#viewer-like").click()
        browser.wait_text("main .badge", "similarity")
        browser.driver.back()
        browser.until(lambda: browser.hits() == hits, "the hits before")
        self.assertEqual("a dog", browser.one("#words").get_attribute("value"))

    def test_clearing_returns_to_the_start(self):
        browser.open("?c=samples&q=a+dog")
        browser.wait("main .answer")
        browser.one("#clear").click()
        browser.wait("main .hero")
        self.assertEqual("words", browser.active().get_attribute("id"))
        self.assertNotIn("q=", browser.driver.current_url)


class MatchTest(unittest.TestCase):
    def setUp(self):
        setUp_problems(self)

    def test_matches_have_words_and_weak_ones_are_folded(self):
        browser.open("?c=samples&q=a+dog", [probabilities(0.93, 0.8, 0.6, 0.4996)])
        browser.wait("main .answer")
        shown = [badge.text for badge in browser.all("main .answer > .grid .badge")]
        self.assertEqual(["strong 93 %", "strong 80 %", "likely 60 %"], shown)
        fold = browser.one("details.weaker")
        self.assertIsNone(fold.get_attribute("open"))
        self.assertIn("weaker matches", fold.text)
        self.assertIn("3 matches", browser.text(".summary"))
        fold.find_element("css selector", "summary").click()
        self.assertEqual("weak 49 %", fold.find_element("css selector", ".badge").text, "no percentage crosses its word's border")

    def test_no_match_is_said_and_what_is_nearest_is_shown(self):
        browser.open("?c=samples&q=a+dog", [probabilities(*[0.1] * 24)])
        browser.wait("main .answer")
        self.assertIn("No match", browser.text("main"))
        self.assertEqual([], browser.all("main .answer > .grid"))
        self.assertIsNotNone(browser.one("details.weaker").get_attribute("open"))
        self.assertIn("No match", browser.one("#status").get_attribute("textContent"))

    def test_an_answer_that_was_cut_short_says_so(self):
        answer = {"hits": [], "reranked": 0, "degraded": True, "degraded_reason": "no time to rerank", "timings_ms": {"total": 5},
                  "query": {}, "cursor": None}
        browser.open("?c=samples&q=a+dog", [{"path": "/search", "status": 200, "problem": answer}])
        browser.wait("main .answer")
        self.assertIn("no time to rerank", browser.text("main .notice"))

    def test_more_are_loaded_behind_those_that_are_there(self):
        browser.open("?c=samples&q=a+dog&group=0")
        browser.wait("#more")
        first = browser.hits()
        browser.js("document.getElementById('more').click()")
        browser.until(lambda: len(browser.hits()) > len(first), "more hits")
        self.assertEqual(first, browser.hits()[:len(first)])

    def test_the_fold_stays_open_when_more_come(self):
        browser.open("?c=samples&q=a+dog&group=0", [probabilities(0.9)])
        browser.wait("details.weaker summary").click()
        count = len(browser.hits())
        browser.js("document.getElementById('more').click()")
        browser.until(lambda: len(browser.hits()) > count, "more hits")
        self.assertIsNotNone(browser.one("details.weaker").get_attribute("open"))

    def test_words_of_a_caption_are_text_and_never_markup(self):
        browser.open("?c=samples&q=a+cat&type=text")
        browser.wait("main .answer .words")
        self.assertIn("A <b>cat</b> sleeps & dreams.", [words.text for words in browser.all(".words")])
        self.assertEqual([], browser.all(".words b"))


    def test_an_open_caption_shows_what_it_describes(self):
        browser.open("?c=samples&q=two+white+dogs&type=text")
        browser.wait("main .answer .face").click()
        image = browser.wait("#viewer .quote img")
        self.assertIn("photo-", image.get_attribute("alt"))
        browser.until(lambda: image.get_property("naturalWidth") > 0, "the picture")


class ChoiceTest(unittest.TestCase):
    def setUp(self):
        setUp_problems(self)

    def test_the_type_limits_what_is_found(self):
        browser.open("?c=samples&q=a+dog")
        browser.wait("main .answer")
        browser.one("#types input[value=clip]").click()
        browser.until(lambda: (browser.last_search()["types"] == ["clip"] and browser.calls("/search")[-1]["done"]), "videos")
        browser.settled()
        self.assertGreater(len(browser.hits()), 0)
        self.assertEqual(len(browser.hits()), len(browser.all("main .card .play")))
        self.assertIn("type=clip", browser.driver.current_url)

    def test_the_collection_is_chosen_by_name(self):
        browser.open("?c=samples&q=a+dog")
        browser.wait("main .answer")
        browser.js("""const box = document.getElementById("collection"); box.value = "few"; box.dispatchEvent(new Event("change"))""")
        browser.until(lambda: len(browser.hits()) == 3, "the three pictures of few")
        self.assertIn("/few/search", browser.calls("/search")[-1]["url"])

    def test_a_condition_filters_and_its_chip_removes_it(self):
        browser.open("?c=samples&q=a+dog&group=0")
        browser.wait("main .answer")
        browser.one("#filters-button").click()
        browser.js("[...document.querySelectorAll('#filters button')].find((b) => b.textContent === 'Add a condition').click()")
        key, value = browser.all("#filters .condition input")
        key.send_keys("album")
        value.send_keys("Rome")
        wanted = {"must": [{"key": "album", "match": {"any": ["Rome"]}}]}
        browser.until(lambda: browser.last_search().get("filter") == wanted, "the filter in the request")
        browser.settled()
        self.assertEqual("album is Rome", browser.text("#chips .chip"))
        browser.wait("main .answer .card .face").click()
        self.assertIn("Rome", browser.wait("#viewer .facts").text)
        browser.key(Keys.ESCAPE)
        browser.one("#chips .chip").click()
        browser.until(lambda: "filter" not in browser.last_search(), "no filter in the request")
        self.assertEqual([], browser.all("#chips .chip"))

    def test_every_operation_is_understood_by_the_server(self):
        for op, value in (("is", "4"), ("not", "4"), ("gte", "2"), ("lte", "3.5"), ("exists", ""), ("missing", ""), ("prefix", "R")):
            with self.subTest(op):
                condition = json.dumps(["stars", op, value])
                browser.open("?c=samples&q=a+dog&f=" + urllib.request.quote(condition))
                browser.wait("main .answer")
                self.assertIn("filter", browser.last_search())

    def test_days_are_whole(self):
        day = urllib.request.quote(json.dumps(["taken_at", "lte", "2024-01-15"]))
        browser.open(f"?c=samples&q=a+dog&group=0&type=image&f={day}")
        browser.wait("main .answer .card")
        self.assertGreater(len(browser.hits()), 0, "a picture of that day at noon")

    def test_nothing_that_passes_can_be_undone(self):
        browser.open("?c=samples&q=a+dog&f=" + urllib.request.quote(json.dumps(["album", "is", "Paris"])))
        browser.wait("main .message")
        self.assertIn("No match", browser.text("main"))
        browser.one("main .message button").click()
        browser.wait("main .card")


class PictureTest(unittest.TestCase):
    def setUp(self):
        setUp_problems(self)

    def photo(self):
        return sorted((SAMPLES / "photos").glob("*.jpg"))[2]

    def give(self, event):
        """A picture as the browser would hand it over that is dropped or pasted."""
        data = base64.b64encode(self.photo().read_bytes()).decode()
        browser.js("""
            const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
            const fill = { bubbles: true, cancelable: true };
            if (arguments[1] === "paste") document.body.dispatchEvent(new ClipboardEvent("paste", { ...fill, clipboardData: data }));
            else for (const name of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(name, { ...fill, dataTransfer: data }));
            """, data, event)

    def assert_found_itself(self):
        browser.wait("main .answer .card")
        browser.settled()
        self.assertIn(self.photo().name, browser.text("main .card"))
        self.assertIn("similarity", browser.text("main .badge"))

    def test_a_chosen_file_finds_itself(self):
        browser.open("?c=samples")
        browser.one("#file").send_keys(str(self.photo()))
        self.assert_found_itself()
        self.assertIn(self.photo().name, browser.text("#subject"))

    def test_a_dropped_picture_finds_itself(self):
        browser.open("?c=samples")
        self.give("drop")
        self.assert_found_itself()
        self.assertFalse(browser.one("#drop").is_displayed())

    def test_a_pasted_picture_finds_itself(self):
        browser.open("?c=samples")
        self.give("paste")
        self.assert_found_itself()

    def test_words_join_the_picture(self):
        browser.open("?c=samples")
        self.give("drop")
        browser.wait("main .answer .card")
        browser.search("at night")
        self.assertEqual("at night", browser.last_search()["query"]["text"])
        self.assertIn("image_base64", browser.last_search()["query"])
        self.assertIn("%", browser.one("main .badge").get_attribute("textContent"))

    def test_the_picture_can_be_taken_away(self):
        browser.open("?c=samples")
        self.give("drop")
        browser.wait("main .answer .card")
        browser.one("#subject button").click()
        browser.wait("main .hero")

    def test_what_is_no_picture_is_refused_with_a_sentence(self):
        browser.open("?c=samples")
        browser.one("#file").send_keys(str(SAMPLES / "captions.json"))
        browser.wait_text("main", "captions.json is not a picture")

    def test_more_like_this_finds_others(self):
        browser.open("?c=samples&q=a+dog&type=image")
        browser.wait("main .answer .card")
        first = browser.hits()[0]
        browser.one("main .card .like").click()
        browser.until(lambda: browser.calls("/search")[-1]["body"]["query"] == {"item_id": first}, "the search for others")
        browser.wait_text("main .badge", "similarity")
        self.assertNotIn(first, browser.hits())
        self.assertIn(f"like={first}", browser.driver.current_url)
        self.assertTrue(browser.one("#subject img").is_displayed())


class VideoTest(unittest.TestCase):
    def setUp(self):
        setUp_problems(self)

    def playing(self):
        return browser.js("const v = document.querySelector('#viewer video'); return v && !v.paused && v.readyState > 1 ? v.currentTime : null")

    def test_a_hit_plays_from_its_moment(self):
        browser.open("?c=samples&q=camels&type=clip&group=0")
        browser.wait("main .answer .card")
        hits = browser.js("""return [...document.querySelectorAll("main .card .face")].map((face) => face.href)""")
        starts = [float(href.split("#t=")[1]) for href in hits]
        number = next(i for i, start in enumerate(starts) if start > 3)
        browser.js("document.querySelectorAll('main .card .face')[arguments[0]].click()", number)
        at = browser.until(self.playing, "a video that plays")
        self.assertGreaterEqual(at, starts[number] - 0.1)
        self.assertLess(at, starts[number] + 30)
        self.assertIn("/media#t=", browser.one("#viewer video").get_attribute("src"))

    def test_moments_of_a_video_are_chosen(self):
        browser.open("?c=samples&q=camels&type=clip")
        browser.wait("main .answer .moment")
        browser.one("main .card .face").click()
        browser.until(self.playing, "a video that plays")
        last = browser.all("#viewer .moment-row")[-1]
        start = int(last.get_attribute("data-start")) / 1000
        browser.js("document.querySelector('#viewer video').pause()")
        last.click()
        at = browser.until(self.playing, "the other moment")
        self.assertAlmostEqual(start, at, delta=3)
        self.assertEqual("true", browser.all("#viewer .moment-row")[-1].get_attribute("aria-current"))

    def test_a_moment_of_the_grid_opens_there(self):
        browser.open("?c=samples&q=camels&type=clip")
        button = browser.wait("main .moment:nth-child(2)")
        minutes, seconds = button.text.split(":")
        button.click()
        at = browser.until(self.playing, "a video that plays")
        self.assertGreaterEqual(at, int(minutes) * 60 + int(seconds) - 0.1)

    def test_closing_ends_the_video(self):
        browser.open("?c=samples&q=camels&type=clip")
        browser.wait("main .answer .card .face").click()
        browser.until(self.playing, "a video that plays")
        browser.key(Keys.ESCAPE)
        browser.wait_gone("#viewer[open]")
        self.assertEqual([], browser.all("#viewer video"))  # Where the mouse rests a preview may play.

    def test_resting_on_a_video_previews_its_moment(self):
        browser.open("?c=samples&q=camels&type=clip")
        face = browser.wait("main .answer .card .face")
        ActionChains(browser.driver).move_to_element(face).perform()
        video = browser.wait("main .face video.loaded")
        self.assertTrue(video.get_property("muted"))
        ActionChains(browser.driver).move_to_element(browser.one("#words")).perform()
        browser.wait_gone("main .face video")


class KeyboardTest(unittest.TestCase):
    def setUp(self):
        setUp_problems(self)
        browser.open("?c=samples&q=a+dog&type=image", [probabilities(*[0.9] * 24)])
        browser.wait("main .answer .card")

    def number(self):
        return browser.js("return [...document.querySelectorAll('main .face')].indexOf(document.activeElement)")

    def test_slash_goes_to_the_search_box(self):
        browser.js("document.activeElement.blur()")
        browser.key("/")
        self.assertEqual("words", browser.active().get_attribute("id"))
        self.assertEqual("a dog", browser.active().get_attribute("value"), "it is not typed")

    def test_arrows_walk_through_the_grid(self):
        columns = browser.js("""const faces = [...document.querySelectorAll("main .face")].map((face) => face.getBoundingClientRect().top);
            return faces.filter((top) => top === faces[0]).length""")
        browser.one("#words").click()
        browser.key(Keys.ARROW_DOWN)
        self.assertEqual(0, self.number())
        browser.key(Keys.ARROW_RIGHT)
        self.assertEqual(1, self.number())
        browser.key(Keys.ARROW_DOWN)
        self.assertEqual(columns + 1, self.number())
        browser.key(Keys.ARROW_LEFT)
        self.assertEqual(columns, self.number())
        browser.key(Keys.ARROW_UP)
        self.assertEqual(0, self.number())
        browser.key(Keys.ARROW_UP)
        self.assertEqual("words", browser.active().get_attribute("id"))

    def test_enter_opens_arrows_turn_and_escape_returns(self):
        browser.one("#words").click()
        browser.key(Keys.ARROW_DOWN, Keys.ENTER)
        first = browser.wait("#viewer[open] h2").text
        browser.key(Keys.ARROW_RIGHT)
        browser.until(lambda: browser.text("#viewer h2") != first, "the next hit")
        browser.key(Keys.ARROW_LEFT)
        browser.until(lambda: browser.text("#viewer h2") == first, "the first hit again")
        browser.key(Keys.ESCAPE)
        browser.wait_gone("#viewer[open]")
        self.assertEqual(0, self.number(), "the focus is back where it was")

    def test_m_finds_more_like_this(self):
        first = browser.hits()[0]
        browser.one("#words").click()
        browser.key(Keys.ARROW_DOWN, "m")
        browser.until(lambda: browser.calls("/search")[-1]["body"]["query"] == {"item_id": first}, "the search for others")

    def test_escape_clears_the_search(self):
        browser.one("#words").click()
        browser.key(Keys.ESCAPE)
        browser.wait("main .hero")

    def test_question_mark_lists_the_keys(self):
        browser.js("document.activeElement.blur()")
        browser.key("?")
        self.assertTrue(browser.wait("#help[open]").is_displayed())
        browser.key(Keys.ESCAPE)
        browser.wait_gone("#help[open]")


class FailureTest(unittest.TestCase):
    """What the page says when things go wrong. The browser's log has the failures themselves: they are not looked at."""

    def setUp(self):
        self.addCleanup(browser.problems)

    def test_a_server_that_is_gone_is_said_and_tried_again(self):
        browser.open("?c=samples&q=a+dog", [{"path": "/search", "fail": True, "times": 1}])
        browser.wait_text("main [role=alert]", "The server does not answer")
        browser.one("main .message button").click()
        browser.wait("main .answer .card")

    def test_a_busy_server_is_asked_again(self):
        problem = {"title": "Service Unavailable", "detail": "too many searches wait"}
        browser.open("?c=samples&q=a+dog", [{"path": "/search", "status": 503, "problem": problem, "headers": {"Retry-After": "1"}, "times": 2}])
        browser.wait("main .answer .card")
        self.assertEqual(3, len(browser.calls("/search")))

    def test_a_busy_server_is_not_asked_for_ever(self):
        problem = {"title": "Service Unavailable", "detail": "too many searches wait"}
        browser.open("?c=samples&q=a+dog", [{"path": "/search", "status": 503, "problem": problem, "headers": {"Retry-After": "1"}}])
        browser.wait_text("main [role=alert]", "The server is busy")
        self.assertEqual(4, len(browser.calls("/search")))

    def test_what_is_wrong_with_a_search_is_said(self):
        browser.open("?c=samples&q=...")
        browser.wait_text("main [role=alert]", "This search cannot be run")

    def test_an_error_of_the_server_names_the_request(self):
        problem = {"title": "Internal Server Error", "detail": "something broke", "request_id": "r-123"}
        browser.open("?c=samples&q=a+dog", [{"path": "/search", "status": 500, "problem": problem}])
        browser.wait_text("main [role=alert]", "something broke")
        self.assertIn("r-123", browser.text("main"))

    def test_an_address_with_nonsense_is_a_start(self):
        browser.open("?c=nowhere&type=x&f={}&f=[1,2]&like=abc&group=9")
        browser.wait("main .hero")


class JobTest(unittest.TestCase):
    JOB = {"id": 3, "state": "running", "inputs": ["/srv/photos/2024"], "items_done": 30, "items_total": 120, "items_added": 28,
           "error_count": 2, "errors": [{"path": "/srv/photos/2024/x.jpg", "reason": "not a picture"}], "seconds_left": 200}

    def setUp(self):
        setUp_problems(self)

    def test_what_runs_shows_how_far_it_is(self):
        browser.open("?c=samples", [{"path": "/jobs", "status": 200, "problem": {"jobs": [self.JOB]}}])
        browser.wait_text("#jobs-button", "Indexing 25 %")
        browser.one("#jobs-button").click()
        browser.wait_text("#jobs", "30 of 120 files")
        self.assertIn("2 failed", browser.text("#jobs"))
        self.assertIn("3 min left", browser.text("#jobs"))
        self.assertEqual("0.25", browser.one("#jobs progress").get_attribute("value"))

    def ask(self, method, path, body):
        request = urllib.request.Request(browser.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def test_a_real_job_is_followed_to_its_end(self):
        self.ask("PUT", "v1/collections/grows", {})
        job = self.ask("POST", "v1/collections/grows/jobs", {"paths": [str(SAMPLES / "photos"), str(SAMPLES / "videos")]})
        # However fast the machine is, it runs until the page was seen to show that.
        running = dict(self.JOB, id=job["id"], inputs=job["inputs"])
        browser.open("?c=grows", [{"path": "/jobs", "status": 200, "problem": {"jobs": [running]}}])
        browser.wait_text("#jobs-button", "Indexing")
        browser.js("window.meddled.rules[0].times = 0")
        browser.one("#jobs-button").click()
        browser.wait_text("#jobs", "photos")
        browser.wait_text("#jobs", "finished")
        count = len(list((SAMPLES / "photos").glob("*.jpg"))) + len(list((SAMPLES / "videos").glob("*.mp4")))
        browser.wait_text("main .hero h2", f"Search {count} items")

    def test_a_job_can_be_stopped(self):
        browser.open("?c=samples", [{"path": "/jobs/3", "status": 204, "problem": None}, {"path": "/jobs", "status": 200, "problem": {"jobs": [self.JOB]}}])
        browser.wait_text("#jobs-button", "Indexing")
        browser.one("#jobs-button").click()
        # The list is drawn anew every now and then, also between finding the button and clicking it.
        browser.until(lambda: browser.one("#jobs button").click() or True, "a button to stop it")
        browser.until(lambda: [c for c in browser.calls("/jobs/3") if c["method"] == "DELETE"], "the call that stops it")

    def test_the_button_goes_when_nothing_runs(self):
        done = dict(self.JOB, state="finished")
        browser.open("?c=samples", [{"path": "/jobs", "status": 200, "problem": {"jobs": [self.JOB]}},
                                    {"path": "/jobs", "status": 200, "problem": {"jobs": [done]}}])
        browser.wait_text("#jobs-button", "Indexing")
        browser.js("window.meddled.rules[0].times = 0")
        browser.until(lambda: not browser.one("#jobs-button").is_displayed(), "no button")


if __name__ == "__main__":
    unittest.main(verbosity=2)

# SPDX-License-Identifier: BSD-3-Clause
"""The client against a small server that notes what it is asked and answers what a test tells it to."""
import json
import pathlib
import socket
import sys
import threading
import unittest
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from sightline_client import Busy, Client, Conflict, Forbidden, NotFound, SightlineError, Unauthorized, Unreachable

HIT = {"item_id": 7, "unit_id": 9, "type": "clip", "path": "/v/a.mp4", "score": 2.5, "match_probability": 0.62, "match_logit": 2.5,
       "coarse_score": 0.3, "start_ms": 8000, "end_ms": 16000, "best_frame_ms": 9500, "clips": 1, "metadata": {"stars": [5]},
       "thumbnail_url": "/v1/items/c/7/thumbnail", "media_url": "/v1/items/c/7/media", "frame_url": "/v1/items/c/7/frame?t=9.5"}
ANSWER = {"hits": [HIT], "epoch": 4, "candidates": 30, "reranked": 30, "below_min_match": 2, "degraded": False, "degraded_reason": None,
          "cursor": None, "timings_ms": {"encode": 1, "coarse": 2, "patches": 3, "rerank": 4, "total": 11}, "collection": "c", "query": {}}
ITEM = {"item_id": 7, "kind": "picture", "paths": ["/p/a.jpg"], "width": 4, "height": 3, "added_at": 1, "unit_ids": [9], "text": None,
        "duration_ms": None, "metadata": {}, "thumbnail_url": "/t", "media_url": "/m"}
JOB = {"id": 3, "state": "running", "inputs": ["/p"], "items_total": None, "items_done": 1, "items_added": 1, "items_unchanged": 0,
       "items_duplicate": 0, "items_moved": 0, "error_count": 1, "errors": [{"path": "/p/x", "reason": "not a picture"}], "failure": None,
       "seconds_left": None, "started_at": 1, "updated_at": 1, "progress": None}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.requests.append({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body, "port": self.client_address[1]})
        status, headers, content = server.answers.pop(0) if server.answers else (200, {}, {})
        data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        if server.close_after_answer:  # without saying so
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.requests, self.server.answers, self.server.close_after_answer = [], [], False
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.client = Client(f"http://127.0.0.1:{self.server.server_port}", key="secret", timeout=10)
        self.addCleanup(self.client.close)
        self.collection = self.client.collection("my pictures")

    def will_answer(self, content, status=200, **headers):
        self.server.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, content))

    def asked(self, number=-1):
        request = dict(self.server.requests[number])
        if request["headers"].get("Content-Type") == "application/json":
            request["body"] = json.loads(request["body"])
        return request

    def test_a_search_sends_what_is_asked_for_and_nothing_else(self):
        self.will_answer(ANSWER)
        self.collection.search("a dog", top_k=5)
        request = self.asked()
        self.assertEqual(("POST", "/v1/collections/my%20pictures/search"), (request["method"], request["path"]))
        self.assertEqual({"query": {"text": "a dog"}, "top_k": 5}, request["body"])
        self.assertEqual("Bearer secret", request["headers"]["Authorization"])

    def test_a_search_sends_every_option(self):
        self.will_answer(ANSWER)
        self.collection.search("a dog", image=b"abc", types=["clip"], filter={"must": []}, rerank_depth=0, min_match=0.5, group_by="video",
                               group_size=3, explain=True, cursor="next")
        self.assertEqual({"query": {"text": "a dog", "image_base64": "YWJj"}, "top_k": 10, "types": ["clip"], "filter": {"must": []},
                          "rerank": {"depth": 0, "min_match": 0.5}, "group_by": "video", "group_size": 3, "explain": True, "cursor": "next"},
                         self.asked()["body"])

    def test_a_search_by_item_and_by_vector(self):
        self.will_answer(ANSWER)
        self.collection.search(item=17)
        self.assertEqual({"item_id": 17}, self.asked()["body"]["query"])
        self.will_answer(ANSWER)
        self.collection.search(vector=(0.5, -0.5))
        self.assertEqual({"vector": [0.5, -0.5]}, self.asked()["body"]["query"])

    def test_numbers_that_json_has_not_are_refused_here(self):
        with self.assertRaises(ValueError):
            self.collection.search(vector=[float("nan")])
        self.assertEqual([], self.server.requests)

    def test_hits_are_typed(self):
        self.will_answer({**ANSWER, "hits": [{**HIT, "moments": [HIT]}]})
        answer = self.collection.search("a dog")
        hit = answer.hits[0]
        self.assertEqual((7, "clip", 8000, 9500, 0.62, "likely"), (hit.item_id, hit.type, hit.start_ms, hit.best_frame_ms, hit.match_probability, hit.match))
        self.assertEqual((9, 16000), (hit.moments[0].unit_id, hit.moments[0].end_ms))
        self.assertEqual((4, 11.0, False, None), (answer.epoch, answer.timings_ms.total, answer.degraded, answer.cursor))

    def test_match_words_are_those_of_the_page(self):
        for probability, word in ((0.8, "strong"), (0.79, "likely"), (0.5, "likely"), (0.49, "weak"), (None, None)):
            self.will_answer({**ANSWER, "hits": [{**HIT, "match_probability": probability}]})
            self.assertEqual(word, self.collection.search("a dog").hits[0].match)

    def test_pages_follow_their_cursor(self):
        self.will_answer({**ANSWER, "cursor": "c1"})
        self.will_answer(ANSWER)
        self.assertEqual(2, len(list(self.collection.search_all("a dog", page_size=1))))
        self.assertNotIn("cursor", self.asked(0)["body"])
        self.assertEqual("c1", self.asked(1)["body"]["cursor"])

    def test_items_follow_their_pages(self):
        self.will_answer({"items": [ITEM, ITEM], "next": 7})
        self.will_answer({"items": [], "next": 9})
        self.will_answer({"items": [ITEM], "next": None})
        self.assertEqual([7, 7, 7], [item.item_id for item in self.collection.items(filter={"must": []}, page_size=2)])
        self.assertEqual(["0", "7", "9"], [request["path"].split("after=")[1].split("&")[0] for request in self.server.requests])
        self.assertIn("filter=%7B%22must%22%3A+%5B%5D%7D", self.asked(0)["path"])

    def test_an_upload_is_a_form(self):
        self.will_answer({"outcome": "added", "item": ITEM, "job": None}, 201)
        content = b"\xff\xd8--\r\n--boundary\r\n\x00"
        intake = self.collection.add(content, name='a"b.jpg', metadata={"album": "Rome"})
        self.assertEqual(("added", 7), (intake.outcome, intake.item.item_id))
        request = self.asked()
        form = BytesParser().parsebytes(b"Content-Type: " + request["headers"]["Content-Type"].encode() + b"\r\n\r\n" + request["body"])
        parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
        self.assertEqual(content, parts["file"].get_payload(decode=True))
        self.assertEqual("a%22b.jpg", parts["file"].get_filename())
        self.assertEqual({"album": "Rome"}, json.loads(parts["metadata"].get_payload()))

    def test_metadata_is_changed_and_items_removed(self):
        self.will_answer(ITEM)
        self.collection.update(7, {"stars": 5, "old": None})
        self.assertEqual(("PATCH", {"metadata": {"stars": 5, "old": None}}), (self.asked()["method"], self.asked()["body"]))
        self.will_answer(None, 204)
        self.collection.remove(7)
        self.assertEqual(("DELETE", "/v1/collections/my%20pictures/items/7"), (self.asked()["method"], self.asked()["path"]))

    def test_a_job_is_waited_for(self):
        self.will_answer(JOB, 202)
        job = self.collection.index(["/p"], clip_seconds=4)
        self.assertEqual({"paths": ["/p"], "clip_seconds": 4}, self.asked()["body"])
        self.will_answer({**JOB, "state": "running"})
        self.will_answer({**JOB, "state": "stopping"})
        self.will_answer({**JOB, "state": "stopped"})
        seen = []
        done = self.collection.wait(job.id, poll=0.01, progress=lambda now: seen.append(now.state))
        self.assertEqual("stopped", done.state)
        self.assertEqual(["running", "stopping", "stopped"], seen)
        self.assertEqual("not a picture", done.errors[0].reason)

    def test_waiting_ends_in_time(self):
        self.will_answer(JOB)
        with self.assertRaises(TimeoutError):
            self.collection.wait(3, timeout=0)

    def test_errors_have_their_class_and_what_the_server_said(self):
        problem = {"detail": "no such key", "code": "unauthorized", "field": "/query/text", "request_id": "r1"}
        for status, kind in ((400, SightlineError), (401, Unauthorized), (403, Forbidden), (404, NotFound), (409, Conflict), (412, Conflict), (500, SightlineError)):
            self.will_answer(problem, status)
            with self.assertRaises(SightlineError) as caught:
                self.collection.info()
            self.assertIs(kind, type(caught.exception))
            self.assertEqual((status, "unauthorized", "/query/text", "r1"),
                             (caught.exception.status, caught.exception.code, caught.exception.field, caught.exception.request_id))
            self.assertIn("no such key", str(caught.exception))

    def test_an_answer_that_is_no_json_is_an_error_all_the_same(self):
        self.will_answer(b"<html>bad gateway</html>", 502)
        with self.assertRaises(SightlineError) as caught:
            self.collection.info()
        self.assertEqual(502, caught.exception.status)

    def test_a_busy_server_is_asked_again(self):
        for _ in range(2):
            self.will_answer({"detail": "busy"}, 503, Retry_After="0")
        self.will_answer(ANSWER)
        self.assertEqual(1, len(self.collection.search("a dog").hits))
        self.assertEqual(3, len(self.server.requests))

    def test_a_server_that_stays_busy_is_left_alone(self):
        for _ in range(9):
            self.will_answer({"detail": "busy"}, 503, Retry_After="0")
        with self.assertRaises(Busy) as caught:
            self.collection.search("a dog")
        self.assertEqual(0.0, caught.exception.retry_after)
        self.assertEqual(4, len(self.server.requests))

    def test_the_connection_is_kept(self):
        self.will_answer({})
        self.collection.info()
        self.will_answer({}, 404)
        self.assertFalse(self.collection.exists())
        self.assertEqual(1, len({request["port"] for request in self.server.requests}))

    def test_a_kept_connection_that_was_closed_is_opened_again(self):
        self.server.close_after_answer = True
        for _ in range(3):
            self.will_answer({})
            self.collection.info()
        self.assertEqual(3, len({request["port"] for request in self.server.requests}))

    def test_what_starts_something_is_not_sent_twice(self):
        self.server.close_after_answer = True
        self.will_answer({})
        self.collection.info()
        with self.assertRaises(Unreachable):
            self.collection.index(["/p"])
        self.assertEqual(1, len(self.server.requests))

    def test_what_was_perhaps_done_is_not_asked_for_again(self):
        self.will_answer({"detail": "late", "code": "deadline_exceeded"}, 503, Retry_After="0")
        with self.assertRaises(Busy):
            self.collection.index(["/p"])
        self.assertEqual(1, len(self.server.requests))
        self.will_answer({"detail": "full", "code": "resource_exhausted"}, 503, Retry_After="0")
        self.will_answer(JOB, 202)
        self.assertEqual(3, self.collection.index(["/p"]).id)

    def test_an_upload_that_is_refused_before_it_is_sent_says_why(self):
        def refuse(listener):
            peer, _ = listener.accept()
            peer.recv(1000)
            body = b'{"detail": "too large", "code": "too_large"}'
            peer.sendall(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            peer.close()  # with unread bytes: the connection is reset

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=refuse, args=(listener,))
            thread.start()
            client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=10)
            with self.assertRaises(SightlineError) as caught:
                client.collection("c").add(bytes(64 << 20))
            thread.join()
        self.assertEqual((413, "too_large"), (caught.exception.status, caught.exception.code))

    def test_a_file_name_that_is_no_text_is_uploaded(self):
        self.will_answer({"outcome": "added", "item": ITEM, "job": None}, 201)
        self.collection.add(b"abc", name=b"caf\xe9.jpg".decode("utf-8", "surrogateescape"))
        self.assertIn(b'filename="caf?.jpg"', self.asked()["body"])

    def test_threads_have_connections_of_their_own(self):
        def ask():
            self.collection.info()
            self.client.close()

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(8, len(self.server.requests))

    def test_a_server_that_is_not_there(self):
        client = Client("http://127.0.0.1:9", timeout=5)
        with self.assertRaises(Unreachable):
            client.collections()
        self.assertFalse(client.is_ready())

    def test_a_folder_in_the_address_is_kept(self):
        client = Client(f"http://127.0.0.1:{self.server.server_port}/sightline/")
        self.addCleanup(client.close)
        self.will_answer({"collections": []})
        client.collections()
        self.assertEqual("/sightline/v1/collections", self.asked()["path"])

    def test_an_address_that_is_none_is_refused(self):
        for address in ("ftp://x", "localhost:8080", ""):
            with self.assertRaises(ValueError):
                Client(address)


if __name__ == "__main__":
    unittest.main()

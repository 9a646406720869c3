# SPDX-License-Identifier: BSD-3-Clause
"""The client against `sightline serve`: $SIGHTLINE_PROGRAM is the program; left out without it."""
import json
import os
import pathlib
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[2] / "tests" / "page"))

from sightline_client import Client, Forbidden, NotFound, SightlineError, Unauthorized
from server import SAMPLES, Server

PHOTOS = sorted((SAMPLES / "photos").glob("*.jpg"))


@unittest.skipUnless(os.environ.get("SIGHTLINE_PROGRAM"), "SIGHTLINE_PROGRAM is not set")
class LiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.index_samples()
        cls.server.start("--root", cls.server.folder.name)
        cls.client = Client(cls.server.url, timeout=120)
        cls.addClassCleanup(cls.client.close)
        cls.samples = cls.client.collection("samples")

    def setUp(self):
        self.scratch = self.client.collection("scratch")
        self.scratch.create()
        self.addCleanup(self.scratch.drop)

    def test_the_server_says_what_it_has(self):
        self.assertTrue(self.client.is_ready())
        self.assertEqual(["few", "samples", "scratch"], sorted(entry["collection"] for entry in self.client.collections()))
        self.assertEqual(45, self.samples.info()["items"])
        self.assertIn("/v1/collections/{c}/search", self.client.openapi()["paths"])
        self.assertIn("# TYPE", self.client.metrics())

    def test_words_find_with_a_probability(self):
        answer = self.samples.search("a dog", top_k=5)
        self.assertEqual(5, len(answer.hits))
        self.assertGreater(answer.reranked, 0)
        for hit in answer.hits:
            self.assertIn(hit.match, ("strong", "likely", "weak"))
            self.assertTrue(0 <= hit.match_probability <= 1)

    def test_the_answer_is_that_of_the_command_line(self):
        told = json.loads(self.server.run("search", "samples", "a dog on the grass", "--json"))["hits"]
        found = self.samples.search("a dog on the grass").hits
        self.assertEqual([hit["unit_id"] for hit in told], [hit.unit_id for hit in found])

    def test_a_picture_finds_itself(self):
        for image in (PHOTOS[2], str(PHOTOS[2]), PHOTOS[2].read_bytes()):
            hit = self.samples.search(image=image, top_k=1).hits[0]
            self.assertEqual(PHOTOS[2].name, pathlib.Path(hit.path).name)
            self.assertIsNone(hit.match)

    def test_an_item_and_words_filters_and_types(self):
        first = self.samples.search("a dog", top_k=1, types=["image"]).hits[0]
        others = [hit.item_id for hit in self.samples.search(item=first.item_id).hits]
        self.assertTrue(others)
        self.assertNotIn(first.item_id, others)
        rome = {"must": [{"key": "album", "match": {"value": "Rome"}}]}
        found = self.samples.search("a dog", filter=rome, top_k=50).hits
        self.assertTrue(found)
        self.assertEqual({("Rome",)}, {tuple(hit.metadata["album"]) for hit in found})
        clips = self.samples.search("camels", types=["clip"], group_by="video", group_size=3).hits
        self.assertEqual({"clip"}, {hit.type for hit in clips})
        self.assertEqual(3, len(clips[0].moments))
        self.assertLess(clips[0].start_ms, clips[0].end_ms)

    def test_pages_have_every_hit_once(self):
        paged = [hit.unit_id for hit in self.samples.search_all("a dog", page_size=7, types=["image"])]
        self.assertEqual([hit.unit_id for hit in self.samples.search("a dog", top_k=100, types=["image"]).hits], paged)
        self.assertEqual(40, len(set(paged)))

    def test_min_match_leaves_out(self):
        answer = self.samples.search("a purple submarine", min_match=0.99)
        self.assertEqual([], answer.hits)
        self.assertGreater(answer.below_min_match, 0)

    def test_items_are_listed_found_and_seen(self):
        items = list(self.samples.items(page_size=10))
        self.assertEqual(45, len(items))
        self.assertEqual({"picture", "video", "caption"}, {item.kind for item in items})
        picture = next(item for item in items if item.kind == "picture")
        self.assertEqual(picture, self.samples.item(picture.item_id))
        self.assertEqual(picture.item_id, self.samples.find(picture.paths[0]).item_id)
        self.assertIsNone(self.samples.find("/nowhere"))
        self.assertEqual(pathlib.Path(picture.paths[0]).read_bytes(), self.samples.media(picture.item_id))
        self.assertTrue(self.samples.thumbnail(picture.item_id).startswith(b"\xff\xd8"))
        video = next(item for item in items if item.kind == "video")
        self.assertTrue(self.samples.frame(video.item_id, 1.5).startswith(b"\xff\xd8"))

    def test_an_upload_is_found_changed_and_removed(self):
        intake = self.scratch.add(PHOTOS[5], metadata={"album": "Rome", "stars": 4})
        self.assertEqual("added", intake.outcome)
        self.assertEqual(intake.item.item_id, self.scratch.search(image=PHOTOS[5]).hits[0].item_id)
        changed = self.scratch.update(intake.item.item_id, {"stars": 5, "album": None, "tags": ["a", "b"]})
        self.assertEqual({"stars": [5], "tags": ["a", "b"]}, changed.metadata)
        self.scratch.remove(intake.item.item_id)
        self.assertEqual([], self.scratch.search(image=PHOTOS[5]).hits)
        with self.assertRaises(NotFound):
            self.scratch.item(intake.item.item_id)

    def test_a_file_of_the_server_is_registered(self):
        intake = self.scratch.register(str(PHOTOS[6]), metadata={"stars": 1})
        self.assertEqual([str(PHOTOS[6])], intake.item.paths)
        self.assertEqual("unchanged", self.scratch.register(str(PHOTOS[6]), metadata={"stars": 1}).outcome)

    def test_a_caption_is_found_replaced_and_removed(self):
        intake = self.scratch.add_text("a dog in the snow", id="1", metadata={"lang": "en"})
        self.assertEqual(("added", "caption"), (intake.outcome, intake.item.kind))
        self.assertEqual("updated", self.scratch.add_text("a cat in the sun", id="1").outcome)
        hits = self.scratch.search("a cat", types=["text"]).hits
        self.assertEqual([intake.item.item_id], [hit.item_id for hit in hits])
        self.scratch.remove(intake.item.item_id)
        self.assertEqual([], self.scratch.search("a cat", types=["text"]).hits)

    def test_a_job_indexes_a_folder_and_names_what_failed(self):
        folder = pathlib.Path(self.server.folder.name) / "job"
        folder.mkdir()
        self.addCleanup(shutil.rmtree, folder)
        for photo in PHOTOS[:8]:
            shutil.copy(photo, folder)
        (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
        seen = []
        job = self.scratch.wait(self.scratch.index([str(folder)]).id, timeout=300, poll=0.1, progress=seen.append)
        self.assertEqual(("finished", 8, 1), (job.state, job.items_added, job.error_count))
        self.assertEqual("broken.jpg", pathlib.Path(job.errors[0].path).name)
        self.assertEqual(job.id, self.scratch.jobs()[0].id)
        self.assertEqual(8, self.scratch.info()["items"])

    def test_what_is_wrong_is_named(self):
        with self.assertRaises(NotFound):
            self.client.collection("nowhere").search("a dog")
        with self.assertRaises(SightlineError) as caught:
            self.samples.search("a dog", filter={"must": [{"key": "stars"}]})
        self.assertEqual((400, "/filter"), (caught.exception.status, caught.exception.field))
        with self.assertRaises(SightlineError) as caught:
            self.scratch.register("/etc/passwd")
        self.assertIn(caught.exception.status, range(400, 500))

    def test_embeddings_and_reranking(self):
        rows = self.client.embed(["a dog", "a boat"])
        self.assertEqual(2, len(rows))
        self.assertAlmostEqual(1.0, sum(x * x for x in rows[0]), delta=1e-3)
        results = self.client.rerank("a dog", ["A dog runs over the grass.", "Two boats in a harbour."])
        self.assertEqual([0, 1], sorted(row["index"] for row in results))


@unittest.skipUnless(os.environ.get("SIGHTLINE_PROGRAM"), "SIGHTLINE_PROGRAM is not set")
class KeyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.run("index", "few", *PHOTOS[:3])
        cls.reader = cls.server.add_key("reader")
        cls.server.start()

    def test_keys_decide_who_may_what(self):
        with Client(self.server.url, key="sk-wrong") as stranger, self.assertRaises(Unauthorized):
            stranger.collections()
        with Client(self.server.url, key=self.reader) as reader:
            few = reader.collection("few")
            self.assertEqual(3, len(few.search("a dog").hits))
            with self.assertRaises(Forbidden):
                few.drop()


if __name__ == "__main__":
    unittest.main()

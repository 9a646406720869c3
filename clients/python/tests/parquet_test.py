# SPDX-License-Identifier: BSD-3-Clause
"""Parquet in and out; left out where pyarrow is not installed."""
import contextlib
import datetime
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from sightline_client import Item
from sightline_client.parquet import items_to_parquet, jsonl_to_parquet, main, parquet_to_jsonl, read_rows

try:
    import pyarrow
    import pyarrow.parquet
except ImportError:
    pyarrow = None


@unittest.skipIf(pyarrow is None, "pyarrow is not installed")
class ParquetTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, columns):
        path = self.folder / "in.parquet"
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
        return path

    def test_rows_become_lines_in_order(self):
        taken = datetime.datetime(2024, 5, 1, 18, 30, tzinfo=datetime.timezone.utc)
        source = self.write({"image_path": ["a.jpg", "b.jpg"], "stars": [5, None], "width": [1.5, float("nan")], "taken_at": [taken, None],
                             "tags": [["x", "y"], []]})
        self.assertEqual(2, parquet_to_jsonl(source, self.folder / "out.jsonl"))
        rows = [json.loads(line) for line in (self.folder / "out.jsonl").read_text().splitlines()]
        self.assertEqual({"image_path": "a.jpg", "stars": 5, "width": 1.5, "taken_at": {"time": 1714588200}, "tags": ["x", "y"]}, rows[0])
        self.assertEqual({"image_path": "b.jpg", "tags": []}, rows[1])

    def test_lines_become_rows_and_come_back(self):
        lines = [{"path": "ä.jpg", "stars": 5}, {"path": "b.jpg", "stars": 2.5, "extra": {"k": [1]}}, {"path": "c.jpg", "stars": None}]
        (self.folder / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual(3, jsonl_to_parquet(self.folder / "in.jsonl", self.folder / "out.parquet"))
        rows = list(read_rows(self.folder / "out.parquet"))
        self.assertEqual(["ä.jpg", "b.jpg", "c.jpg"], [row["path"] for row in rows])
        self.assertEqual([5.0, 2.5, None], [row.get("stars") for row in rows])
        self.assertEqual({"k": [1]}, json.loads(rows[1]["extra"]))

    def test_items_keep_their_metadata(self):
        items = [Item(item_id=i, kind="picture", paths=[f"/p/{i}.jpg"], width=4, height=3, added_at=1, unit_ids=[i], text=None, duration_ms=None,
                      metadata={"stars": [i]} if i else {}, thumbnail_url=None, media_url=None, raw={}) for i in range(3)]
        self.assertEqual(3, items_to_parquet(items, self.folder / "items.parquet"))
        rows = list(read_rows(self.folder / "items.parquet"))
        self.assertEqual([0, 1, 2], [row["item_id"] for row in rows])
        self.assertEqual({"stars": [2]}, json.loads(rows[2]["metadata"]))
        self.assertEqual(["/p/1.jpg"], rows[1]["paths"])

    def test_no_rows_are_a_file_without_rows(self):
        (self.folder / "in.jsonl").write_text("")
        self.assertEqual(0, jsonl_to_parquet(self.folder / "in.jsonl", self.folder / "out.parquet"))
        self.assertEqual([], list(read_rows(self.folder / "out.parquet")))

    def test_the_program_turns_both_ways(self):
        source = self.write({"path": ["a.jpg"]})
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(0, main([str(source), str(self.folder / "x.jsonl")]))
            self.assertEqual(0, main([str(self.folder / "x.jsonl"), str(self.folder / "y.parquet")]))
        self.assertEqual("1 rows\n1 rows\n", out.getvalue())
        self.assertEqual([{"path": "a.jpg"}], list(read_rows(self.folder / "y.parquet")))
        with contextlib.redirect_stderr(io.StringIO()) as out:
            self.assertEqual(2, main(["only one"]))
        self.assertIn("sightline_client.parquet", out.getvalue())


if __name__ == "__main__":
    unittest.main()

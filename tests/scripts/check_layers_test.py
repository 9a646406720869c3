#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Plants violations into a small tree and expects scripts/check_layers.py to name each of them."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "check_layers.py"


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.root = pathlib.Path(self.dir.name)
        self.write("base/result.h", "#include <string>\n")
        self.write("storage/collection.h", '#include "base/result.h"\n')
        self.write("query/searcher.cc", '#include "storage/collection.h"\n#include <boost/json.hpp>\n')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self):
        run = subprocess.run([sys.executable, SCRIPT, self.root], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout

    def expect_violation(self, name, text, message):
        self.write(name, text)
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn(f"{name}: ", output)
        self.assertIn(message, output)

    def test_allowed_includes_pass(self):
        self.assertEqual(self.check(), (0, "4 includes, no violation\n"))

    def test_an_arrow_against_the_layers_is_found(self):
        self.expect_violation("base/bad.cc", '#include "storage/collection.h"\n', "base must not include storage")

    def test_an_arrow_between_neighbours_is_found(self):
        self.write("media/image.h", "\n")
        self.expect_violation("storage/bad.cc", '#include "media/image.h"\n', "storage must not include media")

    def test_third_party_outside_its_owner_is_found(self):
        self.expect_violation("query/bad.cc", "#include <rocksdb/db.h>\n", "<rocksdb/db.h> belongs to storage")

    def test_heavy_header_in_a_public_header_is_found(self):
        self.expect_violation("storage/bad.h", "#include <faiss/Index.h>\n", "in a public header")

    def test_heavy_header_in_an_internal_header_passes(self):
        self.write("storage/good_internal.h", "#include <faiss/Index.h>\n")
        self.assertEqual(self.check()[0], 0)

    def test_internal_header_of_another_folder_is_found(self):
        self.write("storage/rows_internal.h", "\n")
        self.expect_violation("query/bad.cc", '#include "storage/rows_internal.h"\n', "is internal to storage")

    def test_unknown_third_party_is_found(self):
        self.expect_violation("app/bad.cc", "#include <leveldb/db.h>\n", "is not in the table")

    def test_include_relative_to_the_folder_is_found(self):
        self.expect_violation("storage/bad.cc", '#include "collection.h"\n', "rooted at the repository")

    def test_torch_with_fmt_is_found(self):
        self.expect_violation(
            "encoder/bad.cc", "#include <ATen/ATen.h>\n#include <fmt/format.h>\n", "includes LibTorch and fmt")


if __name__ == "__main__":
    unittest.main()

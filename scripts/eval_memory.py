#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Shows that an evaluation set of any size is read in bounded memory.

usage: eval_memory.py SIGHTLINE [GB]     default 2

Writes a split file of that size, nearly all of it members that no reader wants, lets `sightline eval prepare` read it and
prints the peak memory beside that of a file of 1 MB. Exit status 1 when the large one took 20 MB more.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time


def write_set(path, size_bytes):
    """One picture per megabyte: 0.9 MB of base64, 0.1 MB of tokens, one caption."""
    pixels = "QUJD" * 225_000
    tokens = json.dumps([f"token{i}" for i in range(8_000)])
    with open(path, "w", encoding="utf-8") as out:
        out.write('{"dataset": "flickr8k", "images": [')
        number = 0
        while out.tell() < size_bytes:
            out.write("," if number else "")
            out.write(f'{{"pixels": "{pixels}", "filename": "{number}.jpg", "split": "test", "sentences": ')
            out.write(f'[{{"tokens": {tokens}, "raw": "a dog on a lawn"}}]}}\n')
            number += 1
        out.write("]}")
    return number


def peak_mb(sightline, folder):
    """Peak memory and seconds of a run, and how many pictures it saw."""
    began = time.monotonic()
    run = subprocess.Popen([sightline, "eval", "prepare", "flickr8k", str(folder), "--json"], stdout=subprocess.PIPE)
    answer = json.load(run.stdout)
    _, _, usage = os.wait4(run.pid, 0)
    run.returncode = 0
    return usage.ru_maxrss / 1000, time.monotonic() - began, answer["pictures"]


def main(sightline, gigabytes):
    peaks = []
    for size_bytes in (1_000_000, int(gigabytes * 1e9)):
        with tempfile.TemporaryDirectory(prefix="sightline-eval-memory-") as name:
            folder = pathlib.Path(name)
            pictures = write_set(folder / "dataset_flickr8k.json", size_bytes)
            size = (folder / "dataset_flickr8k.json").stat().st_size
            peak, seconds, seen = peak_mb(sightline, folder)
            print(f"{size / 1e6:8.1f} MB, {seen} pictures: peak {peak:.1f} MB, {seconds:.1f} s")
            if seen != pictures:
                print(f"{pictures} pictures were written")
                return 1
            peaks.append(peak)
    return 0 if peaks[1] - peaks[0] < 20 else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) == 3 else 2))

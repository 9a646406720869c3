# SPDX-License-Identifier: BSD-3-Clause
"""`sightline serve` with a small collection of pictures, videos and captions, for the tests of the page."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
START_S = 120
# A busy machine may take longer than the seconds that the server leaves a search, and a disk may be nearly full.
ENVIRONMENT = {"SIGHTLINE_SERVER_REQUEST_TIMEOUT_S": "60", "SIGHTLINE_DATA_MIN_FREE_MB": "0"}


class Server:
    """The program $SIGHTLINE_PROGRAM on a data folder of its own."""

    def __init__(self):
        self.program = os.environ["SIGHTLINE_PROGRAM"]
        self.folder = tempfile.TemporaryDirectory(prefix="sightline-page-")
        self.data = pathlib.Path(self.folder.name) / "data"
        self.url = ""
        self.process = None

    def run(self, *arguments):
        """The program on the command line; what it prints."""
        command = [self.program, "--data-dir", str(self.data), *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600, env={**os.environ, **ENVIRONMENT}).stdout

    def index_samples(self):
        """`samples`: 40 pictures, two videos, captions, metadata; `few`: three pictures; `nothing`: an empty one."""
        photos = sorted((SAMPLES / "photos").glob("*.jpg"))[:40]
        manifest = pathlib.Path(self.folder.name) / "manifest.jsonl"
        with manifest.open("w", encoding="utf-8") as lines:
            for number, photo in enumerate(photos):
                metadata = {"album": "Rome" if number % 2 else "Naples", "stars": number % 5 + 1,
                            "taken_at": f"2024-{number % 12 + 1:02d}-15T12:00:00Z"}
                lines.write(json.dumps({"path": str(photo), "metadata": metadata}) + "\n")
        videos = [SAMPLES / "videos" / "clip-08.mp4", SAMPLES / "videos" / "clip-02.mp4"]
        captions = pathlib.Path(self.folder.name) / "captions.jsonl"
        captions.write_text("".join(json.dumps({"id": f"c{i}", "text": text, "item": str(photos[i])}) + "\n" for i, text in enumerate(
            ["Four meerkats look out.", "A <b>cat</b> sleeps & dreams.", "Two white dogs on a hill."])), encoding="utf-8")
        self.run("index", "samples", *videos, "--manifest", manifest, "--captions", captions)
        self.run("index", "few", *photos[:3])

    def add_key(self, name, *arguments):
        """A new API key; the server asks for one from then on."""
        return self.run("key", "add", name, *arguments).strip()

    def start(self, *arguments):
        """On a port that nobody else has: the server says which one when it is ready."""
        with open(pathlib.Path(self.folder.name) / "server.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.program, "--data-dir", str(self.data), "serve", "--listen", "127.0.0.1:0", "--root", str(SAMPLES),
                 *arguments], stdout=log, stderr=log, env={**os.environ, **ENVIRONMENT})
        end = time.monotonic() + START_S
        while not (told := re.search(r"listening on (http://127\.0\.0\.1:\d+)\n", self.log_text())):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the server does not start: " + self.log_text())
            time.sleep(0.1)
        self.url = told[1] + "/"

    def log_text(self):
        return (pathlib.Path(self.folder.name) / "server.log").read_text(encoding="utf-8")[-3000:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        self.process = None

    def close(self):
        self.stop()
        self.folder.cleanup()

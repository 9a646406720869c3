# SPDX-License-Identifier: BSD-3-Clause
"""`sightline serve` with a small collection of pictures, videos and captions, for the tests of the page."""
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
START_S = 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout

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
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        with open(pathlib.Path(self.folder.name) / "server.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.program, "--data-dir", str(self.data), "serve", "--listen", f"127.0.0.1:{port}", "--root", str(SAMPLES),
                 *arguments], stdout=log, stderr=log)
        end = time.monotonic() + START_S
        while True:
            try:
                with urllib.request.urlopen(self.url + "readyz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError("the server does not start: " + self.log_text()) from None
                time.sleep(0.1)

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

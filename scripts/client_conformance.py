#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks a running server with the official clients of OpenAI, Cohere and clip-retrieval.

usage: client_conformance.py SIGHTLINE      see client_conformance.sh, which has the clients
"""
import base64
import importlib.util
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import cohere
import openai

ROOT = pathlib.Path(__file__).resolve().parent.parent
PHOTOS = [ROOT / "samples/photos" / f"photo-{number:03}.jpg" for number in range(1, 7)]


def load_clip_client():
    """clip_retrieval's package imports its training stack; the module of the client does not."""
    package = importlib.util.find_spec("clip_retrieval").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("clip_client", pathlib.Path(package) / "clip_client.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Server:
    """A data folder with six photos and two keys, and a server on it."""

    def __init__(self, program):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sightline-clients-"))
        pictures = self.folder / "pictures"
        pictures.mkdir()
        for photo in PHOTOS:
            shutil.copy(photo, pictures)
        self.run("index", "photos", str(pictures))
        self.key = self.run("key", "add", "reader").strip()
        self.other_key = self.run("key", "add", "other", "--collection", "elsewhere").strip()
        self.address = ""  # The server takes a free port and says which.
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "--data-dir", str(self.folder / "data"), "serve", "--listen", "127.0.0.1:0"],
            stdout=self.log, stderr=subprocess.STDOUT)

    def run(self, *arguments):
        """What a command prints."""
        command = [self.program, "--data-dir", str(self.folder / "data"), *arguments]
        return subprocess.run(command, check=True, timeout=120, text=True, stdout=subprocess.PIPE).stdout

    def wait(self):
        """Until it is ready."""
        for _ in range(1200):
            log = (self.folder / "log").read_text(encoding="utf-8")
            if told := re.search(r"listening on http://(127\.0\.0\.1:\d+)\n", log):
                self.address = told[1]
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"the server does not start:\n{log}")

    def stop(self):
        """In order; True when it ended so."""
        self.process.terminate()
        code = self.process.wait(timeout=60)
        shutil.rmtree(self.folder)
        return code == 0


def expect(condition, what):
    """One check, told where it fails."""
    if not condition:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def refused(call, error, what):
    """`call` fails with `error`."""
    try:
        call()
    except error:
        print(f"ok: {what}")
        return
    sys.exit(f"FAILED: {what}")


def check_openai(server):
    client = openai.OpenAI(api_key=server.key, base_url=f"http://{server.address}/v1", max_retries=0)
    one = client.embeddings.create(model="sightline", input="a dog on the beach")
    vector = one.data[0].embedding
    expect(len(vector) > 0 and abs(math.fsum(x * x for x in vector) - 1) < 1e-4, "openai: an embedding of unit length")
    expect(one.usage.total_tokens > 0, "openai: tokens are counted")
    several = client.embeddings.create(model="sightline", input=["a dog on the beach", "a red car"],
                                       encoding_format="float", dimensions=len(vector))
    expect([entry.index for entry in several.data] == [0, 1], "openai: several texts keep their order")
    close = max(abs(a - b) for a, b in zip(vector, several.data[0].embedding))
    expect(close < 1e-4, "openai: base64 and numbers are the same embedding")
    refused(lambda: client.embeddings.create(model="sightline", input=[1, 2, 3]), openai.BadRequestError,
            "openai: token ids are refused with 400")
    wrong = openai.OpenAI(api_key="sl_wrong", base_url=f"http://{server.address}/v1", max_retries=0)
    refused(lambda: wrong.embeddings.create(model="sightline", input="a"), openai.AuthenticationError,
            "openai: a wrong key is refused with 401")


def check_cohere(server):
    pictures = ["data:image/jpeg;base64," + base64.b64encode(photo.read_bytes()).decode() for photo in PHOTOS[:3]]
    for name, client in (("ClientV2", cohere.ClientV2(server.key, base_url=f"http://{server.address}")),
                         ("Client", cohere.Client(server.key, base_url=f"http://{server.address}"))):
        answer = client.rerank(model="sightline", query="a dog", documents=["a dog", "a tax return"], top_n=2)
        expect([result.index for result in answer.results] == [0, 1], f"cohere.{name}: texts are ranked")
        answer = client.rerank(model="sightline", query="a photo", documents=pictures, top_n=2)
        scores = [result.relevance_score for result in answer.results]
        expect(len(scores) == 2 and 1 >= scores[0] >= scores[1] >= 0, f"cohere.{name}: pictures are ranked, best first")
        refused(lambda client=client: client.rerank(model="sightline", query="a", documents=[]), cohere.BadRequestError,
                f"cohere.{name}: no documents are refused with 400")
    answer = client.rerank(model="sightline", query="a dog", documents=["a dog", {"text": "a tax return"}],
                           return_documents=True)
    expect(answer.results[0].document.text == "a dog", "cohere.Client: documents are returned")
    wrong = cohere.ClientV2("sl_wrong", base_url=f"http://{server.address}")
    refused(lambda: wrong.rerank(model="sightline", query="a", documents=["b"]), cohere.UnauthorizedError,
            "cohere: a wrong key is refused with 401")


def check_clip_retrieval(server):
    module = load_clip_client()

    def client(key, **options):
        return module.ClipClient(url=f"http://any:{key}@{server.address}/knn-service", indice_name="photos", **options)

    found = client(server.key, num_images=4).query(text="a dog")
    expect(len(found) == 4, "clip-retrieval: as many results as were asked for")
    expect(all({"id", "similarity", "url", "caption"} <= set(result) for result in found),
           "clip-retrieval: results have their fields")
    similarities = [result["similarity"] for result in found]
    expect(similarities == sorted(similarities, reverse=True), "clip-retrieval: best first")
    best = client(server.key, num_images=1).query(image=str(PHOTOS[2]))
    expect(best[0]["similarity"] > 0.99, "clip-retrieval: a picture finds itself")
    address = f"http://{server.address}{best[0]['url']}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {server.key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        expect(answer.read() == PHOTOS[2].read_bytes(), "clip-retrieval: its url leads to the file")
    expect(client(server.other_key).query(text="a dog")["status"] == 403, "clip-retrieval: a key of another collection")
    request = urllib.request.Request(f"http://{server.address}/indices-list", headers={"X-Api-Key": server.key})
    with urllib.request.urlopen(request, timeout=30) as answer:
        expect(answer.read() == b'["photos"]', "clip-retrieval: the list of indices")


def main(program):
    server = Server(program)
    try:
        server.wait()
        check_openai(server)
        check_cohere(server)
        check_clip_retrieval(server)
    except BaseException:
        server.stop()
        raise
    expect(server.stop(), "the server ends in order")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

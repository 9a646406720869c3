# SPDX-License-Identifier: BSD-3-Clause
"""The calls of a Sightline server."""
from __future__ import annotations

import base64
import json
import os
import secrets
import ssl
import time
import urllib.parse
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Union

from .errors import NotFound, SightlineError
from .models import Answer, Hit, Intake, Item, Job
from .transport import Transport

Picture = Union[bytes, str, "os.PathLike[str]"]  # bytes of a file, or its path on this machine


class Client:
    """A server. Thread-safe; every thread has a connection of its own, which is kept.

    key: an API key, where the server asks for one; default: $SIGHTLINE_KEY.  timeout: seconds for each exchange.
    retries: how often a request is sent again, after the time that the server names, while the server is busy.
    """

    def __init__(self, url: str = "http://127.0.0.1:8080", key: Optional[str] = None, *, timeout: float = 30.0, retries: int = 3,
                 ssl_context: Optional[ssl.SSLContext] = None) -> None:
        self._transport = Transport(url, key or os.environ.get("SIGHTLINE_KEY"), timeout, retries, ssl_context)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection of this thread."""
        self._transport.close()

    def collections(self) -> List[Dict[str, Any]]:
        """What is known of every collection that the key may read."""
        return list(self._transport.json("GET", "/v1/collections")["collections"])

    def collection(self, name: str) -> "Collection":
        """A collection by name; nothing is asked yet."""
        return Collection(self._transport, name)

    def embed(self, inputs: Sequence[str], **options: Any) -> List[List[float]]:
        """Embeddings of texts, of unit length, in order. `options` go into the request of POST /v1/embeddings."""
        answer = self._transport.json("POST", "/v1/embeddings", {"input": list(inputs), "encoding_format": "float", **options})
        return [row["embedding"] for row in sorted(answer["data"], key=lambda row: row["index"])]

    def rerank(self, query: str, documents: Sequence[Any], **options: Any) -> List[Dict[str, Any]]:
        """How well documents match words, best first: [{index, relevance_score}]. `options` go into POST /v1/rerank."""
        return list(self._transport.json("POST", "/v1/rerank", {"query": query, "documents": list(documents), **options})["results"])

    def is_ready(self) -> bool:
        """Whether the server answers searches now."""
        try:
            self._transport.send("GET", "/readyz")
        except SightlineError:
            return False
        return True

    def metrics(self) -> str:
        """The server's metrics in the text format of Prometheus."""
        return self._transport.send("GET", "/metrics").decode()

    def openapi(self) -> Dict[str, Any]:
        """The description of all routes."""
        return dict(self._transport.json("GET", "/openapi.json"))


class Collection:
    """One collection of a server."""

    def __init__(self, transport: Transport, name: str) -> None:
        self.name = name
        self._transport = transport
        self._path = "/v1/collections/" + urllib.parse.quote(name, safe="")
        self._media = "/v1/items/" + urllib.parse.quote(name, safe="")

    # ---- the collection itself ----

    def info(self) -> Dict[str, Any]:
        """Counts, model, sizes. Raises NotFound."""
        return dict(self._transport.json("GET", self._path))

    def exists(self) -> bool:
        try:
            self.info()
        except NotFound:
            return False
        return True

    def create(self, **settings: Any) -> Dict[str, Any]:
        """Makes it, or takes it as it is. Settings: dim (raw vectors), patch_storage, index. Raises Conflict."""
        return dict(self._transport.json("PUT", self._path, settings))

    def drop(self) -> None:
        """Removes it with everything in it."""
        self._transport.json("DELETE", self._path)

    # ---- searching ----

    def search(self, text: Optional[str] = None, *, image: Optional[Picture] = None, item: Optional[int] = None,
               vector: Optional[Sequence[float]] = None, top_k: int = 10, types: Optional[Sequence[str]] = None,
               filter: Optional[Mapping[str, Any]] = None, rerank_depth: Optional[int] = None, min_match: Optional[float] = None,
               group_by: Optional[str] = None, group_size: Optional[int] = None, explain: bool = False,
               cursor: Optional[str] = None) -> Answer:
        """Finds pictures, moments of videos and captions by words, a picture, an item or a vector, words with any of them.

        image: bytes or a path on this machine.  types: of "image", "clip", "text".  filter: README, "Filters".
        min_match: leaves out what matches with a smaller probability.  group_by: "video".
        cursor: of the answer before, with everything else as it was, for its next page.
        """
        query: Dict[str, Any] = {"text": text, "item_id": item, "vector": None if vector is None else list(vector),
                                 "image_base64": None if image is None else _base64(image)}
        rerank = _present({"depth": rerank_depth, "min_match": min_match})
        body = _present({"query": _present(query), "top_k": top_k, "types": None if types is None else list(types), "filter": filter,
                         "rerank": rerank or None, "group_by": group_by, "group_size": group_size, "explain": explain or None,
                         "cursor": cursor})
        return Answer.from_json(self._transport.json("POST", self._path + "/search", body))

    def search_all(self, text: Optional[str] = None, *, page_size: int = 100, **arguments: Any) -> Iterator[Hit]:
        """Every hit, page by page. Arguments as those of search."""
        cursor = None
        while True:
            answer = self.search(text, top_k=page_size, cursor=cursor, **arguments)
            yield from answer.hits
            cursor = answer.cursor
            if cursor is None or not answer.hits:
                return

    # ---- items ----

    def items(self, *, filter: Optional[Mapping[str, Any]] = None, page_size: int = 100) -> Iterator[Item]:
        """All items, or those that pass the filter, in the order in which they were added."""
        after = 0
        while True:
            query: Dict[str, Any] = {"limit": page_size, "after": after}
            if filter is not None:
                query["filter"] = json.dumps(filter)
            page = self._transport.json("GET", f"{self._path}/items?{urllib.parse.urlencode(query)}")
            yield from (Item.from_json(item) for item in page["items"])
            if page["next"] is None:
                return
            after = page["next"]

    def item(self, item_id: int) -> Item:
        return Item.from_json(self._transport.json("GET", f"{self._path}/items/{item_id}"))

    def find(self, path: str) -> Optional[Item]:
        """The item that was found at this path of the server, or None."""
        page = self._transport.json("GET", f"{self._path}/items?{urllib.parse.urlencode({'path': path})}")
        return Item.from_json(page["items"][0]) if page["items"] else None

    def add(self, file: Picture, *, name: Optional[str] = None, metadata: Optional[Mapping[str, Any]] = None) -> Intake:
        """Uploads a picture or video. When this returns, a picture is stored durably and can be found."""
        content, known_as = _read(file)
        boundary = secrets.token_hex(16)
        data = _form(boundary, content, name or known_as, metadata)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Accept": "application/json"}
        return Intake.from_json(json.loads(self._transport.send("POST", self._path + "/items", data, headers)))

    def register(self, path: str, *, metadata: Optional[Mapping[str, Any]] = None) -> Intake:
        """Indexes a file that is on the server's machine, below one of its roots."""
        return Intake.from_json(self._transport.json("POST", self._path + "/items", _present({"path": path, "metadata": metadata})))

    def add_text(self, text: str, *, id: Optional[str] = None, item: Optional[int] = None,
                 metadata: Optional[Mapping[str, Any]] = None) -> Intake:
        """Adds a caption, `item` being the one that it describes. The same `id` again replaces it."""
        body = _present({"text": text, "id": id, "item_id": item, "metadata": metadata})
        return Intake.from_json(self._transport.json("POST", self._path + "/items", body))

    def update(self, item_id: int, metadata: Mapping[str, Any]) -> Item:
        """Sets metadata; a key with the value None is removed, and keys that are not named stay."""
        return Item.from_json(self._transport.json("PATCH", f"{self._path}/items/{item_id}", {"metadata": dict(metadata)}))

    def remove(self, item_id: int) -> None:
        self._transport.json("DELETE", f"{self._path}/items/{item_id}")

    def thumbnail(self, item_id: int, unit_id: Optional[int] = None) -> bytes:
        """A small JPEG."""
        query = "" if unit_id is None else f"?unit={unit_id}"
        return self._transport.send("GET", f"{self._media}/{item_id}/thumbnail{query}")

    def media(self, item_id: int) -> bytes:
        """The file itself."""
        return self._transport.send("GET", f"{self._media}/{item_id}/media")

    def frame(self, item_id: int, seconds: float) -> bytes:
        """What a video shows at a time, as a JPEG."""
        return self._transport.send("GET", f"{self._media}/{item_id}/frame?t={seconds}")

    # ---- bulk indexing in the server ----

    def index(self, paths: Sequence[str] = (), *, manifests: Sequence[str] = (), captions: Sequence[str] = (), **options: Any) -> Job:
        """Starts to index files and folders of the server's machine, below its roots. `options`: clip_seconds and others."""
        body = {**_present({"paths": list(paths) or None, "manifests": list(manifests) or None, "captions": list(captions) or None}), **options}
        return Job.from_json(self._transport.json("POST", self._path + "/jobs", body, idempotent=False))

    def jobs(self) -> List[Job]:
        """The newest first."""
        return [Job.from_json(job) for job in self._transport.json("GET", self._path + "/jobs")["jobs"]]

    def job(self, job_id: int) -> Job:
        return Job.from_json(self._transport.json("GET", f"{self._path}/jobs/{job_id}"))

    def cancel(self, job_id: int) -> Job:
        """Asks a job to stop; what is committed stays."""
        return Job.from_json(self._transport.json("DELETE", f"{self._path}/jobs/{job_id}"))

    def resume(self, job_id: int) -> Job:
        """Goes on with a job that ended early."""
        return Job.from_json(self._transport.json("POST", self._path + "/jobs", {"resume": job_id}, idempotent=False))

    def wait(self, job_id: int, *, timeout: Optional[float] = None, poll: float = 0.5, progress: Optional[Callable[[Job], None]] = None) -> Job:
        """The job when it is over, however it ended. Raises TimeoutError; the job goes on then."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            job = self.job(job_id)
            if progress is not None:
                progress(job)
            if job.is_over:
                return job
            if end is not None and time.monotonic() >= end:
                raise TimeoutError(f"job {job_id} is {job.state} after {timeout} s")
            time.sleep(poll)


def _present(fields: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _read(file: Picture) -> "tuple[bytes, str]":
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file), "upload"
    return Path(file).read_bytes(), Path(file).name


def _base64(file: Picture) -> str:
    return base64.b64encode(_read(file)[0]).decode("ascii")


# A quoted file name of a form, as browsers write it; bytes of a name that are no text become question marks.
def _quoted(name: str) -> str:
    text = name.encode("utf-8", "replace").decode()
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _form(boundary: str, content: bytes, name: str, metadata: Optional[Mapping[str, Any]]) -> bytes:
    mark = f"--{boundary}\r\n"
    out = b""
    if metadata is not None:
        out += f'{mark}Content-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n'.encode()
    out += f'{mark}Content-Disposition: form-data; name="file"; filename="{_quoted(name)}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
    return out + content + f"\r\n--{boundary}--\r\n".encode()

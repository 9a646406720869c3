# SPDX-License-Identifier: BSD-3-Clause
"""Requests over a kept connection, one for each thread, with tries again where the server is busy."""
from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import urllib.parse
from typing import Any, Dict, Mapping, Optional, Tuple

from .errors import Unreachable, error_from

MAX_WAIT_S = 30.0


class Transport:
    """Thread-safe. `retries`: how often a request is sent again after 429 or 503, or when a kept connection was closed."""

    def __init__(self, url: str, key: Optional[str], timeout: float, retries: int, context: Optional[ssl.SSLContext]) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http or https address: {url!r}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._key, self._timeout, self._retries, self._context = key, timeout, retries, context
        self._local = threading.local()

    def json(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None, idempotent: bool = True) -> Any:
        """Sends and takes JSON; None for an answer without a body."""
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        answer = self.send(method, path, data, headers, idempotent)
        return json.loads(answer) if answer else None

    def send(self, method: str, path: str, data: Optional[bytes] = None, headers: Optional[Mapping[str, str]] = None,
             idempotent: bool = True) -> bytes:
        """The body of a successful answer. Raises SightlineError."""
        sent = dict(headers or {})
        if self._key:
            sent["Authorization"] = f"Bearer {self._key}"
        for attempt in range(self._retries + 1):
            status, answered, answer = self._once(method, self._prefix + path, data, sent, idempotent)
            if 200 <= status < 300:
                return answer
            retry_after = _seconds(answered.get("retry-after"))
            error = error_from(status, _json_or_none(answer), retry_after)
            perhaps_done = not idempotent and error.code == "deadline_exceeded"
            if status not in (429, 503) or attempt == self._retries or perhaps_done:
                raise error
            time.sleep(min(1.0 if retry_after is None else retry_after, MAX_WAIT_S))
        raise AssertionError("not reached")

    def close(self) -> None:
        """Closes the connection of this thread."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _once(self, method: str, path: str, data: Optional[bytes], headers: Mapping[str, str],
              idempotent: bool) -> Tuple[int, Dict[str, str], bytes]:
        was_kept = getattr(self._local, "connection", None) is not None
        try:
            return self._exchange(method, path, data, headers)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            # A kept connection may have been closed while nobody looked. What is not idempotent was perhaps done.
            if not (was_kept and idempotent and not isinstance(error, TimeoutError)):
                raise Unreachable(f"{self._host}: {error or type(error).__name__}") from error
        try:
            return self._exchange(method, path, data, headers)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise Unreachable(f"{self._host}: {error or type(error).__name__}") from error

    def _exchange(self, method: str, path: str, data: Optional[bytes], headers: Mapping[str, str]) -> Tuple[int, Dict[str, str], bytes]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        try:
            connection.request(method, path, body=data, headers=dict(headers))
        except (BrokenPipeError, ConnectionResetError):
            pass  # What is refused is answered before its body is taken; without an answer the next line says so.
        response = connection.getresponse()
        answer = response.read()
        answered = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close:
            self.close()
        return response.status, answered, answer

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def _seconds(text: Optional[str]) -> Optional[float]:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None  # A date: the server never sends one, a proxy might.


def _json_or_none(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None

# SPDX-License-Identifier: BSD-3-Clause
"""What can go wrong. Every error of a call is a SightlineError."""
from __future__ import annotations

from typing import Optional


class SightlineError(Exception):
    """An answer that is not a success (application/problem+json), or none.

    status: of HTTP; 0 without an answer.  code: a stable word for programs ("invalid_argument").
    field: what is wrong in the request: a JSON pointer or the name of a parameter.  request_id: for the server's log.
    """

    def __init__(self, message: str, status: int = 0, code: str = "", field: str = "", request_id: str = "") -> None:
        super().__init__(f"{message} ({field})" if field else message)
        self.status = status
        self.code = code
        self.field = field
        self.request_id = request_id


class Unreachable(SightlineError):
    """No connection, no complete answer, or none in time."""


class Unauthorized(SightlineError):
    """401: no key, or one that the server does not know."""


class Forbidden(SightlineError):
    """403: the key may not do this."""


class NotFound(SightlineError):
    """404: no such collection, item or job."""


class Conflict(SightlineError):
    """409 and 412: it is there already, or something else stands against it now."""


class Busy(SightlineError):
    """429 and 503, after all tries: the server does as much as it can. retry_after: seconds, where it said so."""

    retry_after: Optional[float] = None


_CLASSES = {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 412: Conflict, 429: Busy, 503: Busy}


def error_from(status: int, problem: object, retry_after: Optional[float]) -> SightlineError:
    """The error of an answer with this status; `problem` is its body when that was a JSON object."""
    fields = problem if isinstance(problem, dict) else {}
    message = str(fields.get("detail") or fields.get("title") or f"the server answered {status}")
    error = _CLASSES.get(status, SightlineError)(message, status, str(fields.get("code", "")), str(fields.get("field", "")),
                                                 str(fields.get("request_id", "")))
    if isinstance(error, Busy):
        error.retry_after = retry_after
    return error

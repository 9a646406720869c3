# SPDX-License-Identifier: BSD-3-Clause
"""What the server answers, typed. `raw` holds the JSON as it came, with whatever a newer server adds."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Union

MetadataValue = Union[str, int, float, bool]
Metadata = Dict[str, List[MetadataValue]]


@dataclass(frozen=True)
class Moment:
    """A unit that was found: a picture, a caption, or clips of a video that follow each other. Times are milliseconds."""

    unit_id: int
    score: float
    coarse_score: float
    match_probability: Optional[float]  # None where words and pixels were not compared
    match_logit: Optional[float]
    start_ms: Optional[int]
    end_ms: Optional[int]
    best_frame_ms: Optional[int]
    clips: int  # how many clips this stands for; 0 for pictures and captions
    thumbnail_url: Optional[str]  # paths on the server
    media_url: Optional[str]
    frame_url: Optional[str]

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Moment":
        return Moment(**_moment_fields(raw))


def _moment_fields(raw: Mapping[str, Any]) -> Dict[str, Any]:
    return {"unit_id": raw["unit_id"], "score": raw["score"], "coarse_score": raw["coarse_score"],
            "match_probability": raw.get("match_probability"), "match_logit": raw.get("match_logit"),
            "start_ms": raw.get("start_ms"), "end_ms": raw.get("end_ms"), "best_frame_ms": raw.get("best_frame_ms"), "clips": raw.get("clips", 0),
            "thumbnail_url": raw.get("thumbnail_url"), "media_url": raw.get("media_url"), "frame_url": raw.get("frame_url")}


@dataclass(frozen=True)
class Hit(Moment):
    """One result. Grouped by video, `moments` holds its best moments, best first."""

    item_id: int = 0
    type: str = ""  # image, clip or text
    path: str = ""
    metadata: Metadata = field(default_factory=dict)
    moments: List[Moment] = field(default_factory=list)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def match(self) -> Optional[str]:
        """"strong", "likely" or "weak", as the page and the command line say it; None without a probability."""
        if self.match_probability is None:
            return None
        return "strong" if self.match_probability >= 0.8 else "likely" if self.match_probability >= 0.5 else "weak"

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Hit":
        return Hit(**_moment_fields(raw), item_id=raw["item_id"], type=raw["type"], path=raw["path"], metadata=raw.get("metadata", {}),
                   moments=[Moment.from_json(moment) for moment in raw.get("moments") or []], raw=raw)


@dataclass(frozen=True)
class Timings:
    """Milliseconds of each stage."""

    encode: float
    coarse: float
    patches: float
    rerank: float
    total: float
    queue: float = 0.0  # waiting for its turn


@dataclass(frozen=True)
class Answer:
    """What a search found, best first. `degraded`: less was done than asked for, and `degraded_reason` says what."""

    hits: List[Hit]
    epoch: int
    candidates: int
    reranked: int
    below_min_match: int
    degraded: bool
    degraded_reason: Optional[str]
    cursor: Optional[str]  # for the next page; None: this was the last
    timings_ms: Timings
    raw: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Answer":
        timings = {name: float(raw["timings_ms"].get(name, 0)) for name in ("encode", "coarse", "patches", "rerank", "total", "queue")}
        return Answer(hits=[Hit.from_json(hit) for hit in raw["hits"]], epoch=raw["epoch"], candidates=raw["candidates"],
                      reranked=raw["reranked"], below_min_match=raw["below_min_match"], degraded=raw["degraded"],
                      degraded_reason=raw.get("degraded_reason"), cursor=raw.get("cursor"),
                      timings_ms=Timings(**timings), raw=raw)


@dataclass(frozen=True)
class Item:
    """A picture, video, caption or vector of a collection."""

    item_id: int
    kind: str  # picture, video, caption or vector
    paths: List[str]
    width: int
    height: int
    added_at: int  # seconds since 1970
    unit_ids: List[int]
    text: Optional[str]  # the words of a caption
    duration_ms: Optional[int]
    metadata: Metadata
    thumbnail_url: Optional[str]
    media_url: Optional[str]
    raw: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Item":
        names = ("item_id", "kind", "paths", "width", "height", "added_at", "unit_ids", "text", "duration_ms", "metadata", "thumbnail_url",
                 "media_url")
        fields: Dict[str, Any] = {name: raw.get(name) for name in names}
        return Item(**fields, raw=raw)


@dataclass(frozen=True)
class JobError:
    """A file that could not be indexed, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Job:
    """A bulk index run in the server. `items_total` is None until it is known."""

    id: int
    state: str  # queued, running, stopping, stopped, finished, failed or interrupted
    inputs: List[str]
    items_total: Optional[int]
    items_done: int
    items_added: int
    items_unchanged: int
    items_duplicate: int
    items_moved: int
    error_count: int
    errors: List[JobError]
    failure: Optional[str]
    seconds_left: Optional[float]
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def is_over(self) -> bool:
        return self.state not in ("queued", "running", "stopping")

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Job":
        names = ("id", "state", "inputs", "items_total", "items_done", "items_added", "items_unchanged", "items_duplicate", "items_moved",
                 "error_count", "failure", "seconds_left")
        fields: Dict[str, Any] = {name: raw.get(name) for name in names}
        return Job(**fields, errors=[JobError(e["path"], e["reason"]) for e in raw.get("errors", [])], raw=raw)


@dataclass(frozen=True)
class Intake:
    """What became of an item that was added. A video is `queued`: `job` says when it is there."""

    outcome: str  # added, updated, unchanged, duplicate, moved or queued
    item: Optional[Item]
    job: Optional[Job]

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Intake":
        item, job = raw.get("item"), raw.get("job")
        return Intake(raw["outcome"], Item.from_json(item) if item else None, Job.from_json(job) if job else None)

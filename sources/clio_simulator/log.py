"""What was asked and what was answered: the ground truth of a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256


def fingerprint(token: str) -> str:
    """Give a token's mark, so that the log itself holds no token."""
    return sha256(token.encode()).hexdigest()[:12] if token else ""


@dataclass(frozen=True)
class LoggedRequest:
    """One request that arrived, with the answer's status and the faults that were played."""

    number: int
    at: int
    method: str
    host: str
    path: str
    query: str
    given: Mapping[str, list[str]]
    headers: Mapping[str, str]
    token: str
    collection: str
    page: int
    status: int
    rows: int
    faults: tuple[str, ...] = field(default=())
    write: int = 0
    """The number of the write that this request was, 0 where it only read."""


@dataclass(frozen=True)
class LoggedWrite:
    """One write: what was asked, by its fingerprint, and whether the records were changed.

    `applied` is false where it was refused, changed nothing, or was never carried out.
    `etag_before` and `etag_after` are the record's before and after it, empty where there is none.
    `again` is the number of the write that this delayed copy repeats. `at` is in milliseconds
    since 1970.
    """

    number: int
    at: int
    method: str
    collection: str
    path: str
    id: int
    if_match: str | None
    body_sha256: str
    status: int
    applied: bool
    etag_before: str
    etag_after: str
    again: int = 0

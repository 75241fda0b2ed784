"""What was asked and what was answered: the ground truth of a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256


def fingerprint(token: str) -> str:
    """Give a token's mark, so that the log itself holds no token."""
    return sha256(token.encode()).hexdigest()[:12] if token else ""


@dataclass(frozen=True)
class Asked:
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

"""What every fault builds on: the request that it sees, the page that it may change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from . import values
from .later import Later, Wrote
from .values import SimulatedClock


@dataclass
class Draft:
    """A page about to be written: its records as JSON, and what stands under `meta`.

    `meta` None leaves the key out. `earlier` are the records of the page before, where known.
    """

    records: list[bytes]
    meta: dict[str, Any] | None
    earlier: list[bytes] = field(default_factory=list)
    token: str = ""

    @property
    def paging(self) -> dict[str, Any]:
        """Give `meta.paging`."""
        paging: dict[str, Any] = (self.meta or {}).get("paging", {})
        return paging

    def write(self) -> bytes:
        """Give the body."""
        data = b'{"data":[' + b",".join(self.records) + b"]"
        return data + (b"}" if self.meta is None else b',"meta":' + values.dump(self.meta) + b"}")


@dataclass(frozen=True)
class Call:
    """What an action and a rule know of a request.

    `path` is without base and `.json`; that of a request to Grow begins with `grow/`.
    """

    path: str
    page: int
    is_list: bool
    given: Mapping[str, list[str]]
    method: str = "GET"


@dataclass(frozen=True)
class Action:
    """Something that goes wrong; this one does nothing."""

    @property
    def name(self) -> str:
        """Name the action, as in the log of requests."""
        return type(self).__name__

    @property
    def carries_out(self) -> bool:
        """Tell whether a write takes effect that gets as far as the records."""
        return True

    async def before(self, asked: Call) -> Response | None:  # noqa: ARG002
        """Give an answer that takes the place of the API's."""
        return None

    async def instead(self, asked: Call, response: Response) -> Response:  # noqa: ARG002
        """Give an answer that takes the place of the one that the API has made."""
        return response

    def wrote(self, wrote: Wrote, later: Later) -> None:
        """Look at a write that has been logged, whether it took effect or not."""

    def alter(self, draft: Draft) -> None:
        """Change a page of a list."""

    def after(self, response: Response, clock: SimulatedClock) -> Response:  # noqa: ARG002
        """Change the finished answer."""
        return response

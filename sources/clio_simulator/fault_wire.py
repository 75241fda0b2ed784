"""Faults on the wire and in the headers."""

from dataclasses import dataclass

from starlette.responses import Response

from . import values, wire
from .fault_base import Action
from .values import SimulatedClock


@dataclass(frozen=True)
class Reset(Action):
    """Reset the connection: before the first byte, or after a share of the body."""

    keep: float | None = None

    def after(self, response: Response, clock: SimulatedClock) -> Response:  # noqa: ARG002
        """Break the answer."""
        if self.keep is None:
            return wire.Broken(response, reset=True)
        return wire.Partial(response, self.keep, length=len(bytes(response.body)), reset=True)


@dataclass(frozen=True)
class WrongLength(Action):
    """Claim more bytes than are sent."""

    extra: int = 100

    def after(self, response: Response, clock: SimulatedClock) -> Response:  # noqa: ARG002
        """Break the answer."""
        return wire.Partial(response, 1.0, length=len(bytes(response.body)) + self.extra)


@dataclass(frozen=True)
class Cut(Action):
    """Send a share of the body without a length and close the connection properly."""

    keep: float = 0.5

    def after(self, response: Response, clock: SimulatedClock) -> Response:  # noqa: ARG002
        """Break the answer."""
        return wire.Partial(response, self.keep, length=None)


@dataclass(frozen=True)
class Drip(Action):
    """Send byte by byte, with a pause in real seconds after each."""

    seconds: float = 1.0

    def after(self, response: Response, clock: SimulatedClock) -> Response:  # noqa: ARG002
        """Slow the answer."""
        return wire.Partial(response, 1.0, length=len(bytes(response.body)), delay=self.seconds)


@dataclass(frozen=True)
class Header(Action):
    """Set a header of the answer, or leave it out."""

    name: str = "Date"
    value: str | None = None

    def after(self, response: Response, clock: SimulatedClock) -> Response:  # noqa: ARG002
        """Change the header."""
        if self.value is not None:
            response.headers[self.name] = self.value
        elif self.name in response.headers:
            del response.headers[self.name]
        return response


@dataclass(frozen=True)
class ShiftDate(Action):
    """Show a `Date` that is some seconds off the simulator's clock."""

    seconds: int = 7200

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        """Change the header."""
        response.headers["Date"] = values.http_date(clock.now() + self.seconds * 1000)
        return response

"""A Clio that one can run: the Manage API over a small invented law firm, with faults on demand."""

from .changes import Change, When
from .seed import Seed
from .server import Simulator
from .switches import Switches
from .values import SimulatedClock

__all__ = ["Change", "Seed", "SimulatedClock", "Simulator", "Switches", "When"]

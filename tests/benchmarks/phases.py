"""First load, one in a hundred changed, nothing changed: for every way, at the same Clio."""

import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .clio import Clio
from .ways import WAYS, Run, Way, run

PHASES = ("first load", "1 % changed", "nothing changed")

Say = Callable[[str], None]


class DifferentTotalsError(Exception):
    """The warehouses do not hold the same rows and the same money."""


@dataclass
class Phases:
    """The runs of each way and phase, in the order in which they were made."""

    clio: Clio
    folder: Path
    say: Say
    runs: dict[tuple[str, str], list[Run]] = field(default_factory=lambda: defaultdict(list))
    totals: dict[str, int] = field(default_factory=dict)

    def round(self, number: int, letters: str) -> None:
        """Take the named ways through all phases once, in empty folders.

        Ways take turns at being first. An hour passes before each phase, as it does in a firm.
        """
        ways = [way for way in WAYS if way.letter in letters]
        ways = ways[number % len(ways) :] + ways[: number % len(ways)]
        home = self.folder / f"round-{number}"
        for phase in PHASES:
            if phase == "1 % changed":
                self.clio.pass_time()
                self.clio.change(number)
            self.clio.pass_time()
            self.clio.warm()
            found = [self._run(way, phase, home) for way in ways]
            self._compare(found)
        shutil.rmtree(home)

    def _run(self, way: Way, phase: str, home: Path) -> Run:
        made = run(way, self.clio, home / way.letter)
        self.runs[way.letter, phase].append(made)
        used = made.measured
        self.say(f"({way.letter}) {phase}: {used.wall:.2f} s, {used.memory / 1e6:.0f} MB")
        return made

    def _compare(self, runs: list[Run]) -> None:
        self.totals = runs[0].totals
        different = [each.totals for each in runs if each.totals != self.totals]
        if different:
            message = f"{self.totals} is not {different[0]}"
            raise DifferentTotalsError(message)

"""How a load is going, for whoever watches: bars on a terminal, plain lines otherwise."""

import sys
from contextlib import suppress
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Lines:
    """Plain lines on standard error, for logs and schedules."""

    def __init__(self, stream: TextIO | None = None, *, per_minute: float = 50.0) -> None:
        """Write to a stream; `per_minute` is the rate that finish times are reckoned with."""
        self.stream = stream or sys.stderr
        self.per_minute = per_minute
        self.walks = 0

    def __enter__(self) -> Self:
        """Return the reporter itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop reporting."""

    def begin(self, walks: int, per_minute: float | None) -> None:
        """Say how many walks there are."""
        self.walks, self.per_minute = walks, per_minute or self.per_minute
        self.note(f"reading {walks} collection{'' if walks == 1 else 's'}")

    def advance(self, left: int, rows: int, requests: int) -> None:
        """Say how many of the walks go on, and the time that their requests take at least."""
        if left:
            self.note(
                f"{rows:,} rows read; {left} collections go on, at least {requests} requests"
                f" ({requests / self.per_minute:.0f} minutes at {self.per_minute:.0f} a minute)"
            )

    def note(self, message: str) -> None:
        """Write one line; where nobody reads it any more, the work goes on all the same."""
        with suppress(OSError):
            self.stream.write(message + "\n")
            self.stream.flush()


class Bars(Lines):
    """A bar of finished collections on a terminal."""

    def __init__(self) -> None:
        """Draw on standard error."""
        super().__init__()
        self.console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self.progress = Progress(*columns, console=self.console, transient=True)
        self.bar = self.progress.add_task("collections", total=None)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Clear the bar."""
        self.progress.stop()

    def begin(self, walks: int, per_minute: float | None) -> None:
        """Set the length of the bar."""
        self.walks, self.per_minute = walks, per_minute or self.per_minute
        self.progress.update(self.bar, total=walks)

    def advance(self, left: int, rows: int, requests: int) -> None:
        """Move the bar."""
        self.progress.update(self.bar, completed=self.walks - left, total=self.walks)
        super().advance(left, rows, requests)

    def note(self, message: str) -> None:
        """Write a line above the bar."""
        self.progress.console.print(message, highlight=False, markup=False)


def reporter() -> Lines:
    """Choose bars for a terminal and lines for anything else."""
    return Bars() if sys.stderr.isatty() else Lines()

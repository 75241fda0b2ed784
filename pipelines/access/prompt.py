"""What a person types."""

import select
import threading
from typing import TextIO

from sources.errors import Interrupted

_POLL = 0.2


def line(stop: threading.Event, stream: TextIO) -> str:
    """Read a line, and look now and then whether to stop; the end of the input gives nothing."""
    while not select.select([stream], [], [], _POLL)[0]:
        if stop.is_set():
            raise Interrupted
    return stream.readline()

"""Commands that are run in this process, which they change as they change their own."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def put_back() -> Iterator[None]:
    """Take back what commands do to this process: its log and what signals do."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    logged, level = logging.root.handlers, logging.root.level
    try:
        yield
    finally:
        logging.root.handlers, logging.root.level = logged, level
        for number, handler in handlers.items():
            signal.signal(number, handler)

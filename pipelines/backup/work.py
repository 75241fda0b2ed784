"""What both commands work with: settings, time, and copying that can be stopped."""

import hashlib
import os
from pathlib import Path

from pipelines.context import Context

from .manifest import FileSum

CHUNK = 1 << 20


def copy(context: Context, source: Path, target: Path) -> FileSum:
    """Copy a file durably, readable by its owner only; give what was read.

    Raises:
        OSError: it could not be read or written.

    """
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with source.open("rb") as read, os.fdopen(handle, "wb") as written:
        while chunk := read.read(CHUNK):
            context.go_on()
            digest.update(chunk)
            size += len(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    return FileSum(target.name, size, digest.hexdigest())

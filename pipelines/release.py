"""Which clio-sync this is."""

from importlib.metadata import PackageNotFoundError, version

PACKAGE = "clio-sync"
SCHEMA = 4
"""The number of the newest migration in `sql/meta`: the version of the warehouse's own tables, and
of what is published. An older clio-sync refuses what has a greater one."""


def release() -> str:
    """Return the version that is installed; empty in a checkout that is not."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ""

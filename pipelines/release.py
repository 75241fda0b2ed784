"""Which clio-sync this is."""

from importlib.metadata import PackageNotFoundError, version

PACKAGE = "clio-sync"
SCHEMA = 1
"""The version of the warehouse's own tables and of what is published. It is raised whenever an
older clio-sync could no longer work with what a newer one left."""


def release() -> str:
    """Give the version that is installed; empty in a checkout that is not."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ""

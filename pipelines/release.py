"""Which clio-sync this is."""

from importlib.metadata import PackageNotFoundError, version

PACKAGE = "clio-sync"


def release() -> str:
    """Give the version that is installed; empty in a checkout that is not."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ""

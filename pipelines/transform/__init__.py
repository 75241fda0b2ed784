"""SQL models: read, put in order, bound, built, checked and committed in one transaction."""

from .build import Built, Wish, build

__all__ = ["Built", "Wish", "build"]

"""SQL models: read, put in order, bound, built, checked and committed in one transaction."""

from .build import BuildOptions, Built, build

__all__ = ["BuildOptions", "Built", "build"]

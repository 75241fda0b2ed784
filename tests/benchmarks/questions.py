"""What every way asks of Clio: the same two lists, the same fields, the same page size."""

import os
from dataclasses import dataclass
from pathlib import Path

from sources.clio_http.catalog import Collection, read_catalog
from sources.clio_manage import settings

NAMES = ("activities", "contacts")
FILE = "warehouse.duckdb"


@dataclass(frozen=True)
class Place:
    """Where a way reads from and writes to: the variables that `clio-sync` itself knows."""

    url: str
    token: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the place as environment variables."""
        return {
            "SOURCES__CLIO_MANAGE__BASE_URL": self.url,
            "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": self.token,
            "CLIO_SYNC__DATA_DIR": str(self.folder),
        }

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        return {"Authorization": f"Bearer {self.token}", "X-API-VERSION": settings.API_VERSION}

    @classmethod
    def from_environment(cls) -> "Place":
        """Read the place from this process's environment."""
        return cls(
            os.environ["SOURCES__CLIO_MANAGE__BASE_URL"],
            os.environ["SOURCES__CLIO_MANAGE__ACCESS_TOKEN"],
            Path(os.environ["CLIO_SYNC__DATA_DIR"]),
        )


def collections() -> list[Collection]:
    """Return the collections that are loaded."""
    catalog = read_catalog("clio_manage")
    return [catalog.loaded[name] for name in NAMES]


def path(collection: Collection) -> str:
    """Return the path of a list, without a slash before it."""
    return f"{settings.API_PATH}/{collection.path}.json".lstrip("/")


def parameters(collection: Collection) -> dict[str, str]:
    """Return the parameters of a list's first page."""
    return {
        "fields": ",".join(field.request for field in collection.fields),
        "limit": str(collection.page_size),
        "order": "id(asc)",
    }

"""What the checks of one product work with: its client, catalogue and settings."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pipelines.access.client import open_client
from pipelines.config import Settings, read_settings
from pipelines.load import products
from pipelines.load.product import Product
from pipelines.progress import Lines, reporter
from sources.clio_http.client import Answer, ClioClient
from sources.clio_http.clock import Clock, SystemClock
from sources.errors import (
    CollectionGoneError,
    FieldsRefusedError,
    MissingScopeError,
    RequestRefusedError,
)


@dataclass(frozen=True)
class Work:
    """What an examination works with; `folder` is where `.dlt/` is looked for."""

    settings: Settings
    clock: Clock
    reporter: Lines
    stop: threading.Event
    folder: Path

    @classmethod
    def here(cls, stop: threading.Event) -> Self:
        """Work with this process's settings and clock.

        Raises:
            ConfigurationError: a setting is not known or cannot be used.

        """
        return cls(read_settings(), SystemClock(stop), reporter(), stop, Path.cwd())


@dataclass(frozen=True)
class ProductSession:
    """An open product."""

    source: str
    product: Product
    client: ClioClient
    clock: Clock
    reporter: Lines

    def who_am_i(self) -> Answer | None:
        """Ask whose token this is, as a load does; None where Clio does not allow the question.

        Raises:
            ClioError: Clio does not accept the token, or could not be reached.

        """
        for parameters in self.product.clock_parameters:
            try:
                return self.client.get(self.product.clock_path, parameters)
            except FieldsRefusedError:
                continue
            except (MissingScopeError, CollectionGoneError, RequestRefusedError):
                break
        return None


@contextmanager
def opened(work: Work, source: str) -> Iterator[ProductSession]:
    """Open a product; a data folder that is not there is not made for it.

    Raises:
        ClioError: there is no token, or it may not be sent where the settings say.

    """
    product = products.product(source, work.settings.sources[source])
    with tempfile.TemporaryDirectory() as scratch:
        settings = work.settings
        if not settings.data_dir.exists():
            settings = replace(settings, data_dir=Path(scratch))
        with open_client(source, settings, work.clock, work.stop) as client:
            yield ProductSession(source, product, client, work.clock, work.reporter)

"""What the checks of one product work with: its client, catalogue and settings."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.access.client import open_client
from pipelines.context import Context
from pipelines.load import products
from pipelines.load.products import Product
from pipelines.progress import Lines
from sources.clio_http.client import Answer, ClioClient
from sources.clio_http.clock import Clock
from sources.errors import (
    CollectionGoneError,
    FieldsRefusedError,
    MissingScopeError,
    RequestRefusedError,
)


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
def opened(context: Context, source: str) -> Iterator[ProductSession]:
    """Open a product; a data folder that is not there is not made for it.

    Raises:
        ClioError: there is no token, or it may not be sent where the settings say.

    """
    product = products.product(source, context.settings.sources[source])
    with tempfile.TemporaryDirectory() as scratch:
        settings = context.settings
        if not settings.data_dir.exists():
            settings = replace(settings, data_dir=Path(scratch))
        with open_client(source, settings, context.clock, context.stop) as client:
            yield ProductSession(source, product, client, context.clock, context.reporter)

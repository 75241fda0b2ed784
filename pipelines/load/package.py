"""One dlt package: driven by the walks, closed after a minute or 256 MB, merged by key."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.errors import LoadFailedError, cause, origin
from pipelines.errors.local import told
from pipelines.failpoints import crash_point
from pipelines.warehouse import Warehouse
from sources.clio_http.clock import Clock
from sources.clio_http.plan import Reading

from .classify import Classifier
from .task import Task

STORING = "what was read could not be stored"
PACKAGE_SECONDS = 60.0
PACKAGE_BYTES = 256_000_000

ENGINE = {
    "EXTRACT__WORKERS": "5",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    "LOAD__WORKERS": "2",
    "NORMALIZE__LOADER_FILE_FORMAT": "parquet",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    "RESTORE_FROM_DESTINATION": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
}
"""What correctness, speed and privacy rest on. Set in code: no configuration may differ."""


@dataclass
class Package:
    """Decides when enough was read for one package."""

    clock: Clock
    stop: Callable[[], bool]
    bytes: int = 0
    closed: bool = False
    stored: bool = False

    def __post_init__(self) -> None:
        """Start counting."""
        self.started = self.clock.monotonic()

    def is_full(self) -> bool:
        """Tell whether the package must be closed."""
        late = self.clock.monotonic() - self.started >= PACKAGE_SECONDS
        return self.closed or late or self.bytes >= PACKAGE_BYTES or self.stop()


class Engine:
    """The dlt pipeline of one source and one run, on the open warehouse connection."""

    def __init__(self, source: str, warehouse: Warehouse, folder: Path) -> None:
        """Begin with an empty working folder: what a crashed run left is read again instead."""
        os.environ.update(ENGINE)
        self.folder = folder / "dlt"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.warehouse = warehouse
        self.source = source
        self.schema = f"raw_{source}"
        self.pipeline = dlt.pipeline(
            pipeline_name=source,
            pipelines_dir=str(self.folder),
            destination=dlt.destinations.duckdb(warehouse.connection),
            dataset_name=self.schema,
        )

    def run(self, make: Callable[..., Any], tasks: Sequence[Task], package: Package) -> None:
        """Read, classify and merge one package.

        Args:
            make: the source function, given walks and `is_full`.
            tasks: the walks that are not over.
            package: says when it is full.

        Raises:
            LoadFailedError: dlt could not store the package; nothing of it counts.

        """
        classifiers = self.classifiers(tasks)
        source = make([task.walk for task in tasks], package.is_full)
        for task in tasks:
            task.begin()
            classifier = classifiers[task.name]
            resource = source.resources[task.name]
            resource.add_yield_map(partial(read, task, classifier, package))
            if not classifier.filled:
                # nothing to merge with, and no key comes twice: half the work of an upsert
                resource.apply_hints(write_disposition="append")
        try:
            self.pipeline.extract(source, loader_file_format="parquet")
            crash_point("package-extracted")
            if package.stored:
                self.pipeline.normalize()
                self.pipeline.load()
        except PipelineStepFailed as failed:
            if isinstance(cause(failed), KeyboardInterrupt):
                raise KeyboardInterrupt from None
            # the engine's own exception quotes rows: only where it came from is told
            message = f"the engine failed in step {failed.step} ({origin(failed)})"
            where = str(self.warehouse.path)
            raise told(failed, STORING, where) or LoadFailedError(message) from None
        finally:
            for classifier in classifiers.values():
                classifier.close()

    def classifiers(self, tasks: Sequence[Task]) -> dict[str, Classifier]:
        """Return what classifies the rows of each walk, against the tables as they stand."""
        layout = self.warehouse.layout(self.schema)
        # the collections of which records were written to from here
        found = self.warehouse.rows(
            "select distinct resource from meta.echoes where source = $1", [self.source]
        )
        written = {name for (name,) in found}
        return {
            task.name: Classifier(
                self.warehouse,
                self.schema,
                task.walk.plan.collection,
                task.read_at,
                layout=layout,
                once=task.walk.keys_rise and len(task.walk.plan.lists) == 1,
                count=task.purpose.counts,
                watch=task.purpose.watch,
                written=task.name in written,
                withheld=task.withheld,
            )
            for task in tasks
        }

    def close(self) -> None:
        """Remove the working folder: it may hold rows."""
        shutil.rmtree(self.folder, ignore_errors=True)


def read(
    task: Task, classifier: Classifier, package: Package, reading: Reading
) -> Iterator[pa.Table]:
    """Classify a reading and yield what is to be stored of it; the package counts its bytes."""
    package.bytes += reading.size
    for table in task.take(reading, classifier):
        package.stored = True
        yield table
    if task.pending.held:
        package.closed = True

"""`clio-sync publish`: a snapshot for those who read."""

from typing import TYPE_CHECKING

from .base import command, main, partial_option

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "publish")
@partial_option
def publish(context: "Context", *, partial: bool) -> "Outcome":
    """Publish what is built, for BI tools.

    A numbered snapshot, and Parquet files.

    Readers open what published/current.json names in the data folder, and never meet a load. The
    last five stay. Exit code 7, and nothing is published, if a check failed on what is built.

    Exit code 4, and nothing is published, if figures of money need what no load ever read whole.
    With --partial it is published with those figures empty, and 4 is told once.

    \b
    Examples:
      clio-sync publish
      clio-sync publish --partial
      clio-sync publish --json
    """
    from pipelines.publish.snapshot import run_publish
    from pipelines.transform.run import ModelContext

    return run_publish(ModelContext.of(context), partial=partial)

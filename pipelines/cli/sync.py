"""`clio-sync sync`: the one command for a schedule."""

from typing import TYPE_CHECKING

from .base import command, main, partial_option, product_argument, reconcile_option

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "sync")
@product_argument
@reconcile_option
@partial_option
def sync(context: "Context", *, product: str | None, level: str | None, partial: bool) -> "Outcome":
    """Load, transform, check and publish.

    This is the one command for a schedule. Exit code 4 if the load is incomplete. Exit code 5 if
    Clio no longer shows values or rows that it showed before: they stay as they were last known. In
    both cases what is stored is sound, and it is published all the same, if the checks pass.

    A load that cannot begin ends it before anything is built, and so does one after which a person
    must decide, with 5 too: so much is absent that it may be deleted, or the account is another
    one. A check that fails, with 7, ends it before anything is published. Where nothing is
    published the output says "Nothing was published"; with --json the stage publish has no results.

    With --reconcile light exit code 7 also if Clio and the warehouse differ in something that
    nobody accepted; what was published stays. A package is written where that is news.

    \b
    Examples:
      clio-sync sync
      clio-sync sync manage --json
      clio-sync sync --reconcile light
    """
    from pipelines.load.products import NAMES
    from pipelines.operate.sync import run_sync
    from pipelines.reconcile.run import LIGHT
    from pipelines.transform.run import ModelContext

    names = [NAMES[product]] if product else []
    wish = LIGHT if level else None
    return run_sync(ModelContext.of(context), names, wish, partial=partial)

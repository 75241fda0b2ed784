"""`clio-sync demo`: an invented firm, loaded, changed, proved and corrected."""

from typing import TYPE_CHECKING

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "demo")
def demo(context: "Context") -> "Outcome":
    """Load an invented law firm from a simulated Clio.

    It is changed and loaded again, proved, corrected, published and compared.

    \b
    Example:
      clio-sync demo
    """
    from pipelines.operate.demo import run_demo
    from pipelines.transform.run import ModelContext

    return run_demo(ModelContext.of(context))

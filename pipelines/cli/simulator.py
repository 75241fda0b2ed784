"""`clio-sync simulator`: a Clio on this machine."""

import click

from .base import main


@main.command()
@click.option("--port", type=int, default=8765, show_default=True, help="0 takes any free port.")
@click.option("--seed", type=int, default=7, show_default=True, help="Which firm.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="How large a firm.")
@click.option(
    "--rate-limit", type=int, default=50, show_default=True, help="Requests a minute; 0: none."
)
def simulator(port: int, seed: int, scale: float, rate_limit: int) -> None:
    """Run a Clio on this machine, with an invented firm.

    It prints the settings with which clio-sync reads from it, for Clio Manage and Clio Grow. How it
    withholds, refuses and breaks things while it runs: docs/simulator.md.

    \b
    Examples:
      clio-sync simulator
      clio-sync simulator --port 8766 --rate-limit 0
    """
    from sources.clio_simulator import Seed, Switches
    from sources.clio_simulator.server import Announcement, serve

    def says(told: Announcement) -> None:
        exports = "\n".join(f"export {name}={value}" for name, value in told.settings.items())
        click.echo(
            f"A simulated Clio answers at {told.url} until Ctrl-C. In another shell, with a data"
            f" folder of its own:\n\n{exports}\n",
            err=True,
        )

    serve(Seed(seed, scale), port=port, switches=Switches(rate_limit=rate_limit), says=says)

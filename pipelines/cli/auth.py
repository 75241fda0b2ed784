"""The commands of sign-in."""

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome

Function = TypeVar("Function", bound=Callable[..., Any])


def _product(default: str | None = None) -> Callable[[Function], Function]:
    choice = click.Choice(["manage", "grow"])
    return click.argument("product", required=False, default=default, type=choice)


def _sources(product: str | None) -> list[str]:
    from pipelines.auth import PRODUCTS

    return [PRODUCTS[product]] if product else list(PRODUCTS.values())


@main.group()
def auth() -> None:
    """Sign in to Clio, see who is signed in, sign out.

    \b
    Examples:
      clio-sync auth login
      clio-sync auth status
      clio-sync auth logout
    """


@auth.command("login")
@_product("manage")
@click.option(
    "--port",
    type=click.IntRange(min=1, max=65535),
    metavar="N",
    help="Where the browser comes back to; must be in the application's redirect URI.",
)
@click.option(
    "--no-browser", is_flag=True, help="Print the address; read the code from standard input."
)
@common
def auth_login(
    product: str,
    port: int | None,
    no_browser: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Sign in to Clio Manage, or to Clio Grow, with a browser.

    The application's key and secret come from the settings client_id and client_secret, never from
    the command line. The tokens are kept where clio_sync.token_store says.

    \b
    Examples:
      clio-sync auth login
      clio-sync auth login grow --no-browser
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.auth import Way, Work, open_page, run_login

        (source,) = _sources(product)
        way = Way(sys.stdin, None if no_browser else open_page, port)
        return run_login(Work.here(stop), source, way)

    call("auth login", body, as_json=as_json, debug=debug)


@auth.command("status")
@_product()
@common
def auth_status(product: str | None, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Show who is signed in and until when; never a token. Nothing is asked of Clio.

    \b
    Examples:
      clio-sync auth status
      clio-sync auth status manage --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.auth import Work, run_status

        return run_status(Work.here(stop), _sources(product))

    call("auth status", body, as_json=as_json, debug=debug)


@auth.command("logout")
@_product()
@common
def auth_logout(product: str | None, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Revoke the sign-in at Clio, then remove it here.

    \b
    Examples:
      clio-sync auth logout
      clio-sync auth logout grow
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.auth import Work, run_logout

        return run_logout(Work.here(stop), _sources(product))

    call("auth logout", body, as_json=as_json, debug=debug)

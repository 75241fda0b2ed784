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
    from pipelines.access.signed_in import PRODUCTS

    return [PRODUCTS[product]] if product else list(PRODUCTS.values())


@main.group()
def auth() -> None:
    """Sign in to Clio, see who is signed in, sign out.

    \b
    Examples:
      clio-sync auth login
      clio-sync auth status
      clio-sync auth logout
      clio-sync auth connections list
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
        from pipelines.access.login import Way, open_page, run_login
        from pipelines.access.signed_in import Work

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
        from pipelines.access.sign_in_status import run_status
        from pipelines.access.signed_in import Work

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
        from pipelines.access.logout import run_logout
        from pipelines.access.signed_in import Work

        return run_logout(Work.here(stop), _sources(product))

    call("auth logout", body, as_json=as_json, debug=debug)


@auth.group()
def connections() -> None:
    """See and change what the Maton gateway is connected to.

    For Clio Manage through the gateway: sources.clio_manage.gateway is "maton", and its API key is
    in MATON_API_KEY or sources.clio_manage.maton_api_key, never on the command line.

    \b
    Examples:
      clio-sync auth connections list
      clio-sync auth connections create
      clio-sync auth connections delete 21fd90f9-5935-43cd-b6c8-bde9d915ca80
    """


@connections.command("list")
@common
def connections_list(as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Show the connections to Clio that the gateway keeps.

    \b
    Examples:
      clio-sync auth connections list
      clio-sync auth connections list --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.access.gateway_connections import run_list
        from pipelines.access.signed_in import Work

        return run_list(Work.here(stop))

    call("auth connections list", body, as_json=as_json, debug=debug)


@connections.command("create")
@common
def connections_create(as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Make a connection and print the page on which a person signs in to Clio.

    Whoever opens that page connects their Clio: give it to nobody else.

    \b
    Examples:
      clio-sync auth connections create
      clio-sync auth connections create --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.access.gateway_connections import run_create
        from pipelines.access.signed_in import Work

        return run_create(Work.here(stop))

    call("auth connections create", body, as_json=as_json, debug=debug)


@connections.command("show")
@click.argument("connection_id", metavar="ID")
@common
def connections_show(connection_id: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Show one connection, such as whether its sign-in is completed.

    \b
    Examples:
      clio-sync auth connections show 21fd90f9-5935-43cd-b6c8-bde9d915ca80
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.access.gateway_connections import run_show
        from pipelines.access.signed_in import Work

        return run_show(Work.here(stop), connection_id)

    call("auth connections show", body, as_json=as_json, debug=debug)


@connections.command("delete")
@click.argument("connection_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@common
def connections_delete(
    connection_id: str,
    yes: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Make the gateway forget a connection, once a person at the terminal has said yes.

    Where nobody can be asked, as in a script, the answer is no: exit code 5.

    \b
    Examples:
      clio-sync auth connections delete 21fd90f9-5935-43cd-b6c8-bde9d915ca80
      clio-sync auth connections delete 21fd90f9-5935-43cd-b6c8-bde9d915ca80 --yes
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.access.gateway_connections import asked, run_delete
        from pipelines.access.signed_in import Work

        work = Work.here(stop)
        sure = (lambda _: True) if yes else asked(work, sys.stdin)
        return run_delete(work, connection_id, sure)

    call("auth connections delete", body, as_json=as_json, debug=debug)

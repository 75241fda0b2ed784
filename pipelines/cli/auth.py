"""`clio-sync auth`: sign in, see who is signed in, sign out."""

import sys
from typing import TYPE_CHECKING

import click

from .base import PRODUCT, command, main, product_argument

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


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


@command(auth, "login")
@click.argument("product", required=False, default="manage", type=PRODUCT)
@click.option(
    "--port",
    type=click.IntRange(min=1, max=65535),
    metavar="N",
    help="Where the browser comes back to; must be in the application's redirect URI.",
)
@click.option(
    "--no-browser", is_flag=True, help="Print the address; read the code from standard input."
)
def auth_login(
    context: "Context", *, product: str, port: int | None, no_browser: bool
) -> "Outcome":
    """Sign in to Clio Manage, or to Clio Grow, with a browser.

    The application's key and secret come from the settings client_id and client_secret, never from
    the command line. The tokens are kept where clio_sync.token_store says.

    \b
    Examples:
      clio-sync auth login
      clio-sync auth login grow --no-browser
    """
    from pipelines.access.auth import Way, open_page, run_login

    way = Way(sys.stdin, None if no_browser else open_page, port)
    return run_login(context, f"clio_{product}", way)


@command(auth, "status")
@product_argument
def auth_status(context: "Context", *, sources: list[str]) -> "Outcome":
    """Show who is signed in and until when; never a token. Nothing is asked of Clio.

    \b
    Examples:
      clio-sync auth status
      clio-sync auth status manage --json
    """
    from pipelines.access.auth import run_status

    return run_status(context, sources)


@command(auth, "logout")
@product_argument
def auth_logout(context: "Context", *, sources: list[str]) -> "Outcome":
    """Revoke the sign-in at Clio, then remove it here.

    \b
    Examples:
      clio-sync auth logout
      clio-sync auth logout grow
    """
    from pipelines.access.auth import run_logout

    return run_logout(context, sources)


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


@command(connections, "list")
def connections_list(context: "Context") -> "Outcome":
    """Show the connections to Clio that the gateway keeps.

    \b
    Examples:
      clio-sync auth connections list
      clio-sync auth connections list --json
    """
    from pipelines.access.gateway_connections import run_list

    return run_list(context)


@command(connections, "create")
def connections_create(context: "Context") -> "Outcome":
    """Make a connection that a person then signs in to.

    The page for it is printed. Whoever opens that page connects their Clio: give it to nobody else.

    \b
    Examples:
      clio-sync auth connections create
      clio-sync auth connections create --json
    """
    from pipelines.access.gateway_connections import run_create

    return run_create(context)


@command(connections, "show")
@click.argument("connection_id", metavar="ID")
def connections_show(context: "Context", *, connection_id: str) -> "Outcome":
    """Show one connection, such as whether its sign-in is completed.

    \b
    Examples:
      clio-sync auth connections show 21fd90f9-5935-43cd-b6c8-bde9d915ca80
    """
    from pipelines.access.gateway_connections import run_show

    return run_show(context, connection_id)


@command(connections, "delete")
@click.argument("connection_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Delete without asking.")
def connections_delete(context: "Context", *, connection_id: str, yes: bool) -> "Outcome":
    """Make the gateway forget a connection.

    A person at the terminal has to say yes. Where nobody can be asked, as in a script, the answer
    is no: exit code 5.

    \b
    Examples:
      clio-sync auth connections delete 21fd90f9-5935-43cd-b6c8-bde9d915ca80
      clio-sync auth connections delete 21fd90f9-5935-43cd-b6c8-bde9d915ca80 --yes
    """
    from pipelines.access.gateway_connections import run_delete

    return run_delete(context, connection_id, None if yes else sys.stdin)

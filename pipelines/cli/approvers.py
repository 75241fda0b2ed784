"""`clio-sync approvers`: who may sign approvals, and what approvals have to be."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome

KEY = click.Path(exists=True, dir_okay=False, path_type=Path)
sign_option = click.option(
    "--sign",
    multiple=True,
    type=KEY,
    metavar="KEY",
    help="An approver's SSH key to sign with; once for each approver.",
)


@main.group()
def approvers() -> None:
    """Say who may sign approvals, and what approvals have to be.

    \b
    Examples:
      clio-sync approvers add "Bo Lind" --key bo.pub
      clio-sync approvers policy signed --reason "two partners approve" --sign ~/.ssh/id_ed25519
      clio-sync approvers list
    """


@command(approvers, "list")
def approvers_list(context: "Context") -> "Outcome":
    """List the approvers, and what approvals have to be.

    \b
    Example:
      clio-sync approvers list
    """
    from pipelines.plan.approvers import run_list

    return run_list(context)


@command(approvers, "add")
@click.argument("name")
@click.option("--key", required=True, type=KEY, metavar="FILE", help="Their public SSH key.")
@click.option("--login", default="", metavar="LOGIN", help="Their login on this machine.")
@sign_option
def approvers_add(
    context: "Context", *, name: str, key: Path, login: str, sign: tuple[Path, ...]
) -> "Outcome":
    """Let someone's signature count.

    The first approver needs no signature. Each later one is signed by an approver, by two where
    there are two.

    \b
    Examples:
      clio-sync approvers add "Bo Lind" --key bo.pub
      clio-sync approvers add "Cy Roe" --key cy.pub --sign ~/.ssh/id_ed25519
    """
    from pipelines.plan.approvers import run_add

    return run_add(context, name, key, sign, login)


@command(approvers, "remove")
@click.argument("name")
@sign_option
def approvers_remove(context: "Context", *, name: str, sign: tuple[Path, ...]) -> "Outcome":
    """Let someone's signature count no longer.

    It is signed by an approver, by two where there are two. What they signed and was sent stays
    as it is; what they signed and is not sent has to be approved anew.

    \b
    Example:
      clio-sync approvers remove "Cy Roe" --sign ~/.ssh/id_ed25519
    """
    from pipelines.plan.approvers import run_remove

    return run_remove(context, name, sign)


@command(approvers, "policy")
@click.argument("level", type=click.Choice(["signed", "session", "asserted", "off"]))
@click.option("--reason", required=True, metavar="R", help="Why; the ledger keeps it.")
@sign_option
def approvers_policy(
    context: "Context", *, level: str, reason: str, sign: tuple[Path, ...]
) -> "Outcome":
    """Set what approvals have to be.

    signed: an approver's SSH key signs the plan. session: the approver's own sign-in at Clio.
    asserted: a typed name, other than the author's. off: a firm of one approves its own edits.
    To lower what was signed or session, approvers sign.

    \b
    Examples:
      clio-sync approvers policy signed --reason "two partners approve" --sign ~/.ssh/id_ed25519
      clio-sync approvers policy off --reason "a firm of one"
    """
    from pipelines.plan.approvers import run_policy

    return run_policy(context, level, reason, sign)

"""Rows that a list hides unless it is asked for them: trash, archives, empty accounts."""

from collections.abc import Callable

from .derived import DERIVED
from .filters import Given, Test, truth
from .store import Store
from .switches import Switches


def _shown(given: Given, name: str) -> bool:
    return truth(given.get(name, ["false"])[0])


def _below(store: Store, folder: int) -> set[int]:
    """Give a folder and all folders inside it."""
    found, waiting = {folder}, [folder]
    while waiting:
        inside = set(store["folders"].where("parent", waiting.pop())) - found
        found |= inside
        waiting += inside
    return found


def _documents(given: Given, switches: Switches, store: Store) -> list[Test]:
    tests: list[Test] = []
    if not _shown(given, "include_deleted"):
        tests.append(lambda row: "deleted_at" not in row)
    if not _shown(given, "show_uncompleted"):
        tests.append(lambda row: not row.get("_uncompleted"))
    descendants = "descendants" in given.get("scope", ())
    parent = given.get("parent_id", [""])[0]
    if parent.isdigit():
        folders = _below(store, int(parent)) if descendants else {int(parent)}
        tests.append(lambda row: row.get("parent") in folders)
    elif switches.top_level_only and not descendants:
        tests.append(lambda row: row.get("parent") is None)
    return tests


def _bank_accounts(given: Given, _: Switches, store: Store) -> list[Test]:
    if _shown(given, "show_empty_accounts"):
        return []
    balance = DERIVED["bank_accounts", "balance"].work_out
    return [lambda row: bool(balance(store, row))]


def _groups(given: Given, _: Switches, __: Store) -> list[Test]:
    return [] if "archived" in given else [lambda row: not row.get("_archived")]


def _archived(given: Given, _: Switches, __: Store) -> list[Test]:
    return [] if "archived" in given else [lambda row: not row.get("archived")]


def _custom_fields(given: Given, _: Switches, __: Store) -> list[Test]:
    return [] if "deleted" in given else [lambda row: not row.get("deleted")]


def _users(given: Given, switches: Switches, _: Store) -> list[Test]:
    tests: list[Test] = []
    if not _shown(given, "include_co_counsel"):
        tests.append(lambda row: not row.get("_co_counsel"))
    if not switches.disabled_users_listed and "enabled" not in given:
        tests.append(lambda row: bool(row.get("enabled")))
    return tests


def _bills(given: Given, switches: Switches, _: Store) -> list[Test]:
    if "state" in given:
        return []
    hidden = set() if switches.deleted_bills_listed else {"deleted"}
    hidden |= set() if switches.void_bills_listed else {"void"}
    return [lambda row: row.get("state") not in hidden] if hidden else []


def _allocations(given: Given, switches: Switches, _: Store) -> list[Test]:
    if "status" in given or switches.voided_allocations_listed:
        return []
    return [lambda row: "voided_at" not in row]


DEFAULTS: dict[str, Callable[[Given, Switches, Store], list[Test]]] = {
    "bank_accounts": _bank_accounts,
    "documents": _documents,
    "folders": _documents,
    "folders_list": _documents,
    "conversations": _archived,
    "groups": _groups,
    "custom_fields": _custom_fields,
    "users": _users,
    "bills": _bills,
    "allocations": _allocations,
}
"""Collection → the rows that it hides unless it is asked for them."""

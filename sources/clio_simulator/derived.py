"""Fields that are worked out of other tables at each reading, so that they always agree."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from .store import Row, Store

Ledger: TypeAlias = dict[tuple[str, int], dict[int, int]]


def cents(amount: float | None) -> int:
    """Give an amount of a row in cents."""
    return round((amount or 0) * 100)


def money(amount_in_cents: int) -> float:
    """Give cents as the number that stands in JSON; its shortest writing is exact."""
    return amount_in_cents / 100


@dataclass(frozen=True)
class Derived:
    """One worked-out field: the tables that it reads and how."""

    depends: tuple[str, ...]
    work_out: Callable[[Store, Row], Any]


def ledger(store: Store) -> Ledger:
    """Sum the bank transactions by owner (account, matter, client) and account, in cents."""

    def build() -> Ledger:
        sums: Ledger = defaultdict(lambda: defaultdict(int))
        for row in store["bank_transactions"].after(0):
            account = row["bank_account"]
            amount = cents(row.get("funds_in")) - cents(row.get("funds_out"))
            for owner in ("bank_account", "matter", "client"):
                if owner in row:
                    sums[owner, row[owner]][account] += amount
        return sums

    return store.remember("ledger", ("bank_transactions",), build)


def in_trust(store: Store, owner: str, key: int) -> int:
    """Give what the trust accounts hold for a matter or client, in cents."""
    accounts = store["bank_accounts"].rows
    sums = ledger(store).get((owner, key), {})
    trust = {account for account in sums if accounts.get(account, {}).get("type") == "Trust"}
    return sum(sums[account] for account in trust)


def _balance(store: Store, row: Row) -> float:
    return money(ledger(store).get(("bank_account", row["id"]), {}).get(row["id"], 0))


def _count(store: Store, row: Row) -> int:
    return len(store["bank_transactions"].where("bank_account", row["id"]))


def _balances(owner: str) -> Callable[[Store, Row], list[Row]]:
    def work_out(store: Store, row: Row) -> list[Row]:
        accounts = store["bank_accounts"].rows
        sums = ledger(store).get((owner, row["id"]), {})
        return [
            {
                "id": account,
                "balance": money(amount),
                "type": accounts[account]["type"],
                "name": accounts[account]["name"],
                "currency_id": accounts[account]["currency_id"],
            }
            for account, amount in sorted(sums.items())
            if account in accounts
        ]

    return work_out


def _children(table: str, field: str) -> Callable[[Store, Row], list[int]]:
    return lambda store, row: store[table].where(field, row["id"])


def _last(table: str, field: str) -> Callable[[Store, Row], int | None]:
    return lambda store, row: next(reversed(store[table].where(field, row["id"])), None)


def _first(table: str, field: str) -> Callable[[Store, Row], int | None]:
    return lambda store, row: next(iter(store[table].where(field, row["id"])), None)


def _size(table: str, field: str) -> Callable[[Store, Row], int]:
    return lambda store, row: len(store[table].where(field, row["id"]))


_BANK = ("bank_transactions", "bank_accounts")
_MESSAGES = ("conversation_messages",)

DERIVED: dict[tuple[str, str], Derived] = {
    ("bank_accounts", "balance"): Derived(("bank_transactions",), _balance),
    ("bank_accounts", "bank_transactions_count"): Derived(("bank_transactions",), _count),
    ("matters", "account_balances"): Derived(_BANK, _balances("matter")),
    ("contacts", "account_balances"): Derived(_BANK, _balances("client")),
    ("matters", "relationships"): Derived(("relationships",), _children("relationships", "matter")),
    ("conversations", "messages"): Derived(
        _MESSAGES, _children("conversation_messages", "conversation")
    ),
    ("conversations", "first_message"): Derived(
        _MESSAGES, _first("conversation_messages", "conversation")
    ),
    ("conversations", "last_message"): Derived(
        _MESSAGES, _last("conversation_messages", "conversation")
    ),
    ("conversations", "message_count"): Derived(
        _MESSAGES, _size("conversation_messages", "conversation")
    ),
    ("documents", "latest_document_version"): Derived(
        ("document_versions",), _last("document_versions", "document_id")
    ),
    ("grant_funding_sources", "grants"): Derived(
        ("grants",), _children("grants", "grant_funding_source")
    ),
}
"""(collection, field) → how it is worked out."""

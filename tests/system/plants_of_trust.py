"""Differences of bank accounts and of money in trust."""

import json
from collections.abc import Hashable
from decimal import Decimal

from sources.clio_simulator.changes import Change
from sources.clio_simulator.store import Row
from sources.clio_simulator.views import cents
from tests.system.plants import MOVED, Gap, Ground, Kind, Plant, Sql, md5, money

GONE = "deleted"


def account_balance(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another balance of a bank account, as it was loaded from Clio."""
    accounts = ground.rows("bank_accounts")
    account = accounts[pick % len(accounts)]["id"]
    query = "update raw_clio_manage.bank_accounts set balance = balance + ? where id = ?"
    plant = Plant({("bank_accounts", account)}, steps=[Sql(query, (money(amount), account))])
    plant.money("bank_account_balances", f"account:{account}", amount)
    return plant


def balance_lost(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant an account without any balance, which is another thing than one of nothing."""
    moved = {row["bank_account"] for row in ground.rows("bank_transactions")}
    accounts = [row["id"] for row in ground.rows("bank_accounts") if row["id"] not in moved]
    account = accounts[pick % len(accounts)]
    query = "update raw_clio_manage.bank_accounts set balance = null where id = ?"
    plant = Plant({("bank_accounts", account)}, steps=[Sql(query, (account,))])
    plant.lines["bank_account_balances", f"account:{account}"] = Gap(amount=Decimal(0))
    return plant


def account_count(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another number of transactions of a bank account."""
    accounts = ground.rows("bank_accounts")
    account = accounts[pick % len(accounts)]["id"]
    query = (
        "update raw_clio_manage.bank_accounts"
        " set bank_transactions_count = bank_transactions_count + ? where id = ?"
    )
    plant = Plant({("bank_accounts", account)}, steps=[Sql(query, (amount, account))])
    plant.lines["bank_account_transactions", f"account:{account}"] = Gap(amount=Decimal(amount))
    return plant


def balance_of_matter(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another balance of an account beside a matter, as it was loaded from Clio."""
    found = ground.asked(
        "select id, account_balances from raw_clio_manage.matters"
        " where json_array_length(account_balances) > 0 order by id"
    )
    matter, text = found[pick % len(found)]
    balances = json.loads(text)
    account = balances[0]["id"]
    balances[0]["balance"] = float(money(cents(balances[0]["balance"]) + amount))
    query = "update raw_clio_manage.matters set account_balances = ? where id = ?"
    steps = [Sql(query, (json.dumps(balances), matter))]
    plant = Plant({("matters", matter)}, steps=[*steps])
    plant.money("matter_account_balances", f"matter:{matter} account:{account}", amount)
    return plant


def trust_of_matter(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another amount in trust beside the unbilled work of a matter."""
    found = ground.asked("select id from raw_clio_manage.billable_matters order by id")
    (matter,) = found[pick % len(found)]
    query = (
        "update raw_clio_manage.billable_matters"
        " set amount_in_trust = coalesce(amount_in_trust, 0) + ? where id = ?"
    )
    plant = Plant({("matters", matter)}, steps=[Sql(query, (money(amount), matter))])
    plant.money("billable_matter_trust", f"matter:{matter}", amount)
    return plant


def deposit_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another amount of money that came into trust, in the warehouse."""
    deposit = ground.deposits[pick % len(ground.deposits)]
    account, matter = deposit["bank_account"], deposit["matter"]
    query = "update raw_clio_manage.bank_transactions set funds_in = funds_in + ? where id = ?"
    plant = Plant(_claims(deposit))
    plant.steps = [Sql(query, (money(amount), deposit["id"]))]
    plant.money("bank_account_balances", f"account:{account}", -amount)
    plant.money("matter_account_balances", f"matter:{matter} account:{account}", -amount)
    if ground.asked("from raw_clio_manage.billable_matters where id = ?", matter):
        plant.money("billable_matter_trust", f"matter:{matter}", -amount)
    return _reported(plant, ground, deposit, -amount)


def deposit_gone(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant money that came into trust and was deleted in Clio."""
    deposit = ground.deposits[pick % len(ground.deposits)]
    plant = Plant(_claims(deposit))
    plant.steps = [Change("remove", "bank_transactions", deposit["id"])]
    plant.text("ids", f"bank_transactions:{deposit['id']}", GONE)
    _reported(plant, ground, deposit, -cents(deposit["funds_in"]))
    plant.lines[_ledger(ground, deposit)] = Gap(GONE, -money(cents(deposit["funds_in"])))
    return plant


def deposit_changed(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant money that came into trust and that somebody changed in Clio after the load."""
    deposit = ground.deposits[pick % len(ground.deposits)]
    key = deposit["id"]
    change = {"funds_in": (cents(deposit["funds_in"]) + amount) / 100}
    plant = Plant(_claims(deposit))
    plant.steps = [Change("update", "bank_transactions", key, change)]
    plant.text("etags", f"bank_transactions:{key}", "another version", MOVED)
    for name in ("funds_in", "etag", "updated_at"):
        plant.text("fields", f"bank_transactions:{key}.{name}", "another value", MOVED)
    _reported(plant, ground, deposit, amount)
    plant.lines[_ledger(ground, deposit)] = Gap("timing", money(amount), MOVED)
    return plant


def _reported(plant: Plant, ground: Ground, deposit: Row, amount: int) -> Plant:
    """Expect that Clio's reports of trust have so many cents more than the warehouse."""
    number = ground.number(deposit["matter"])
    account = str(ground.row("bank_accounts", deposit["bank_account"])["name"])
    client = str(ground.row("contacts", deposit["client"])["name"])
    plant.money(*_ledger(ground, deposit), amount)
    plant.money("report_trust_listing", f"ledger:{md5(account, number, client)}", amount)
    plant.money("report_matter_balances", f"matter:{deposit['matter']} trust", amount)
    return plant


def _claims(deposit: Row) -> set[Hashable]:
    touched = (("bank_transactions", "id"), ("matters", "matter"), ("contacts", "client"))
    return {(table, deposit[name]) for table, name in touched}


def _ledger(ground: Ground, deposit: Row) -> tuple[str, str]:
    account = str(ground.row("bank_accounts", deposit["bank_account"])["name"])
    parts = (account, str(deposit["date"]), ground.number(deposit["matter"]))
    return "report_trust_ledger", f"ledger:{md5(*parts)}"


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        account_balance,
        balance_lost,
        account_count,
        balance_of_matter,
        trust_of_matter,
        deposit_here,
        deposit_gone,
        deposit_changed,
    )
}

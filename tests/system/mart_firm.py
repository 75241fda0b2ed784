"""The seed firm of both products with its core and finance marts, built twice and published."""

import threading
from dataclasses import replace
from pathlib import Path

from pipelines.load.command import run_load
from pipelines.publish.snapshot import run_publish
from pipelines.sql_folder import sql_folder
from pipelines.transform.run import ModelContext, run_transform
from sources.clio_simulator import Seed, Simulator
from tests.system.dialects import mart_files
from tests.system.firm import chosen
from tests.system.grow_firm import CALM, GrowFirm
from tests.system.reconciling import MANAGE

SEED = Seed(7, **{**CALM, "grow_notes": 0, "grow_leads": 0})
LOADED = {
    "clio_manage": (*MANAGE, "interest_charges", "matter_stages", "practice_areas"),
    "clio_grow": ("contacts", "matters"),
}


def make(folder: Path) -> None:
    """Load, build, let the firm work on, load and build again, and publish.

    So matters have a history, and months that were frozen are known better now.
    """
    with Simulator(SEED, rate_limit=0) as clio:
        firm = GrowFirm(clio, folder, manage=True)
        work = replace(ModelContext.here(threading.Event()), settings=firm.settings)
        selected = [f"+{path.stem}" for path in mart_files()]
        load(firm)
        sow(firm)
        assert run_transform(work, selected).exit_code == 0
        go_on(clio, work.clock.now().to_date_string())
        load(firm)
        built = run_transform(work, selected)
        assert built.exit_code == 0, built.errors
        assert run_publish(work).exit_code == 0


def load(firm: GrowFirm) -> None:
    """Load what the marts read."""
    for product, names in LOADED.items():
        done = run_load(firm.context(), [product], chosen(*names))
        assert done.exit_code == 0, done.errors


def sow(firm: GrowFirm) -> None:
    """Return the firm seeds of its own, without which some marts are empty."""
    emails = [user["email"] for user in firm.clio.dump("users")]
    settings = (sql_folder() / "seeds" / "settings.csv").read_text("utf-8")
    assert "fiscal_year_first_month,1\n" in settings
    texts = {
        "comp_rules": "rule_id,role,user_email,practice_area,pct,valid_from,valid_to,cap\n"
        "r1,originating,,,0.1,2020-01-01,,500\nr2,responsible,,,0.0333,2020-01-01,,\n"
        "r3,working,,,0.25,2020-01-01,,\n",
        "cost_rates": "user_email,valid_from,cost_per_hour\n"
        + "".join(f"{email},2020-01-01,{33 + at}.33\n" for at, email in enumerate(emails)),
        "holidays": "holiday_date,name\n2026-01-01,New Year\n",
        "settings": settings.replace("first_month,1\n", "first_month,3\n"),
        "working_days": "user_email,working_days_per_year,target_hours_per_month,is_partner\n"
        f"{emails[0].upper()},220.5,,true\n{emails[1]},,101.25,false\n",
    }
    folder = firm.folder / "seeds"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")


def go_on(clio: Simulator, today: str) -> None:
    """Let two matters come to an end, and bills and work of frozen months turn out otherwise.

    A bill is void, so that its work is unbilled again, and another asks for more; of work the
    worth, the day and the kind change.
    """
    matters = [row["id"] for row in clio.dump("matters") if row["status"] == "Open"]
    clio.changes.update("matters", matters[0], {"status": "Closed", "close_date": "2026-03-31"})
    clio.changes.update("matters", matters[1], {"status": "Pending"})
    void, more, *_ = [
        row for row in clio.dump("bills") if row["state"] == "awaiting_payment" and not row["paid"]
    ]
    clio.changes.update("bills", void["id"], {"state": "void", "balance": 0.0})
    for row in clio.dump("activities"):
        if row["bill"] and row["bill"]["id"] == void["id"]:
            unbilled = {"billed": False, "on_bill": False, "bill": None}
            clio.changes.update("activities", row["id"], unbilled)
    asked = {name: more[name] + 10 for name in ("total", "balance")}
    clio.changes.update("bills", more["id"], asked)
    worth, day, kind, *_ = [
        row
        for row in clio.dump("activities")
        if row["type"] == "TimeEntry" and row["total"] and not row["billed"] and not row["on_bill"]
    ]
    clio.changes.update("activities", worth["id"], {"total": worth["total"] + 10})
    clio.changes.update("activities", day["id"], {"date": today})
    nothing = {"non_billable": True, "non_billable_total": kind["total"], "total": 0.0}
    clio.changes.update("activities", kind["id"], nothing)

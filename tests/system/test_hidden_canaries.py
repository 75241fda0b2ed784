"""No command lets out a text of a column that is left out or hashed, whatever else it does.

Every text column of the records that may be written, and the names of users, accounts and bills,
holds a canary of its own. Some columns are hidden at random, then every stage is run, with --debug,
through faults and back; at the end each byte that was written or printed is searched.
"""

import csv
import io
import json
import random
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import pytest

from sources.clio_http.catalog import read_catalog
from sources.clio_manage.writable import COLLECTIONS, editables
from sources.clio_simulator import Seed, Simulator
from sources.clio_simulator.faults import Forbidden, Status, Value
from tests.system.firm import Firm
from tests.system.process import environment, run

pytestmark = pytest.mark.long

CANARY = "CANARY"
TEXTS = {
    "activities": ("note", "reference"),
    "bank_accounts": ("holder",),
    "bills": ("number", "subject", "memo"),
    "calendar_entries": ("summary", "description", "location"),
    "communications": ("subject", "body"),
    "contacts": ("name", "first_name", "last_name", "title", "primary_email_address"),
    "documents": ("name", "filename"),
    "matters": ("display_number", "description", "location", "client_reference"),
    "notes": ("subject", "detail"),
    "relationships": ("description",),
    "tasks": ("name", "description"),
    "users": ("name", "first_name", "last_name", "email"),
}
EVERY = [f"{name}.{column}" for name, columns in TEXTS.items() for column in columns]
NAMES = ("name", "first_name", "last_name")
"""Clio makes the first of these of the others, so who hides one hides all."""
CATALOG = read_catalog("clio_manage")
SEED = Seed(7, scale=0.2)


def chosen(chance: random.Random) -> list[str]:
    """Choose the columns to hide, the parts of a person's name together."""
    found = set(chance.sample(EVERY, len(EVERY) // 2))
    for people in ("contacts", "users"):
        mine = {f"{people}.{name}" for name in NAMES}
        if mine & found:
            found |= mine
    return chance.sample(sorted(found), len(found))


def canary(column: str) -> str:
    """Return the text by which the values of a column are known."""
    return f"{CANARY}-{column.replace('.', '-')}-of-"


def plant(clio: Simulator) -> None:
    """Let every record hold a canary in each of its text columns."""
    for name, columns in TEXTS.items():
        for key in list(clio.store[name].rows):
            texts = {one: f"{canary(f'{name}.{one}')}{key}" for one in columns}
            clio.changes.update(name, key, texts)


@dataclass
class Listener:
    """What came to the address that is told of failures."""

    bodies: list[bytes] = field(default_factory=list)
    url: str = ""


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on this machine for notifications."""
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    heard.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Day:
    """A firm in which everything that there is is done, and all that was said meanwhile."""

    firm: Firm
    env: dict[str, str]
    hidden: frozenset[str]
    said: list[str] = field(default_factory=list)

    def do(self, *words: str, ends: Sequence[int] = (0,), by: str = "ana") -> str:
        """Run a command as somebody; gives what it printed."""
        done = run(*words, "--debug", env={**self.env, "CLIO_SYNC__ACTOR": by})
        self.said += [done.stdout, done.stderr]
        told = f"{words} {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        assert done.returncode in ends, told
        return done.stdout

    def visible(self, resource: str) -> str:
        """Name a text field of a collection that may be edited; empty if all of them are hidden."""
        for name, one in editables(CATALOG, resource).items():
            shown = f"{resource}.{name}" not in self.hidden and name in TEXTS[resource]
            # Clio takes a number of a matter only together with the wish to make it anew
            if shown and one.path == (name,) and name != "display_number":
                return name
        return ""

    def propose(self, resource: str, at: int, value: str) -> str:
        """Propose a change of one record; gives the edit, empty where all fields are hidden."""
        name, key = self.visible(resource), sorted(self.firm.clio.store[resource].rows)[at]
        if not name:
            return ""
        words = ("edits", "propose", resource, str(key), f"{name}={value}", "--reason", "agreed")
        ends = (0, 2) if resource == "activities" else (0,)
        found = json.loads(self.do(*words, "--json", ends=ends))["results"]
        return str(found[0]["edit_id"]) if found else ""

    def planned(self) -> str:
        """Freeze what waits, and let another person approve it; gives the plan."""
        found = json.loads(self.do("plan", "--json", "--allow-bulk-value"))["results"]
        plan = str(found[0]["plan"])
        self.do("review", plan, "--approve", "all", by="bo")
        self.do("push", plan)
        return plan

    def push(self, plan: str, *ends: int) -> None:
        """Send a plan."""
        self.do("push", plan, "--commit", plan, ends=ends or (0,), by="bo")


def files_in(day: Day, folder: Path) -> None:
    """Bring in edits by a file and by a query."""
    sheet = folder / "edits.csv"
    name = day.visible("contacts")
    day.do("edits", "template", "contacts", "--out", str(folder / "all.xlsx"))
    day.do("edits", "template", "matters", "--out", str(folder / "matters.csv"))
    if name:
        day.do("edits", "template", "contacts", "--fields", name, "--out", str(sheet))
        rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"))))
        rows[5] |= {"new_value": "From a file", "reason": "read aloud"}
        with sheet.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        day.do("edits", "import", str(sheet))
    day.do("edits", "run", "normalise_phone_numbers")
    for column in sorted(day.hidden & {f"{one}.{c}" for one in COLLECTIONS for c in TEXTS[one]}):
        resource, _, hidden = column.partition(".")
        key = str(min(day.firm.clio.store[resource].rows))
        words = ("edits", "propose", resource, key, f"{hidden}=Known", "--reason", "agreed")
        day.do(*words, ends=(2,))


def write_back(day: Day) -> None:
    """Send edits, through what may go wrong, and take them back."""
    faults, change = day.firm.clio.faults, day.firm.clio.changes.update
    for resource in sorted(COLLECTIONS):
        day.propose(resource, 0, "First")
    first = day.planned()
    day.push(first)
    (stale,) = [day.propose("tasks", 1, "Second")]
    if stale:
        plan = day.planned()
        faults.add(Status(412, type="PreconditionFailed", message="x"), "tasks/*", method="PATCH")
        day.push(plan, 6)
        day.do("edits", "rebase", stale, ends=(0, 6))
        day.do("edits", "show", stale)
    if day.propose("matters", 2, "Third"):
        plan = day.planned()
        faults.add(Status(503), "matters/*", method="PATCH", applied=True)
        faults.add(Forbidden(), "matters/*", method="GET", times=None)
        day.push(plan, 6)
        faults.clear()
        day.push(plan)
    if day.propose("contacts", 3, "Fourth"):
        plan = day.planned()
        key = sorted(day.firm.clio.store["contacts"].rows)[3]
        change("contacts", key, {"name": f"{canary('contacts.name')}x", "prefix": "Dr"})
        day.push(plan, 0, 6)
    day.do("undo", first)
    day.push(day.planned())
    day.do("audit", "show")
    day.do("edits", "list", "--all")


def read_again(day: Day) -> None:
    """Load and sweep what changed, what does not fit, and what fails."""
    faults, change = day.firm.clio.faults, day.firm.clio.changes.update
    note, task = (min(day.firm.clio.store[one].rows) for one in ("notes", "tasks"))
    change("notes", note, {"detail": f"{canary('notes.detail')}again"})
    faults.add(Value("created_at", '"no moment"'), "notes", times=None)
    day.do("load", "--resource", "notes", ends=(0, 4))
    faults.clear()
    change("tasks", task, {"name": f"{canary('tasks.name')}again"}, silent=True, keep_etag=True)
    day.do("sweep", "--resource", "tasks", ends=(0, 4))
    faults.add(Status(422, type="ArgumentError", message="no"), "notes", times=None)
    day.do("load", "--resource", "notes", "--full", ends=(4,))
    faults.clear()


def prove(day: Day) -> None:
    """Build, publish, compare with evidence, and make a backup."""
    day.do("load", ends=(0, 4))
    day.do("transform", ends=(0, 7))
    day.do("publish", ends=(0, 4, 7))
    task = min(day.firm.clio.store["tasks"].rows)
    day.firm.clio.changes.update("tasks", task, {"name": f"{canary('tasks.name')}since"})
    day.do("reconcile", "--sample", "60", "--ids", "tasks", "--reports", ends=(0, 4, 7))
    day.do("sql", "select * from bi.matters", ends=(0, 2, 4))
    day.do("sql", "select cast(matter_number as integer) from bi.matters", ends=(2, 4))
    day.do("status")
    day.do("doctor", ends=(0, 1, 2, 3, 4, 5, 6, 7))
    day.do("backup", "create")


def contents(path: Path) -> Iterator[bytes]:
    """Yield all that a file holds: its bytes, and what is packed in them."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            yield from (book.read(name) for name in book.namelist())
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as database:
            tables = database.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
            for schema, table in tables:
                yield repr(database.execute(f'from "{schema}"."{table}"').fetchall()).encode()
    elif path.suffix == ".parquet":
        yield repr(
            duckdb.connect().execute("from read_parquet($1)", [str(path)]).fetchall()
        ).encode()


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.night) for seed in range(2, 7))]
)
def test_nothing_of_a_hidden_column_is_anywhere(tmp_path: Path, seed: int) -> None:
    """Of hidden columns no text is in any file, page, sheet, log or message; of others it is."""
    chance = random.Random(seed)
    hidden = chosen(chance)
    hashed, excluded = hidden[::2], hidden[1::2]
    with listening() as heard, Simulator(SEED, rate_limit=0) as clio:
        plant(clio)
        env = environment(
            tmp_path / "data",
            clio,
            HOME=str(tmp_path / "home"),
            CLIO_SYNC__NOTIFY_URL=heard.url,
            SOURCES__CLIO_MANAGE__HASH_COLUMNS=",".join(hashed),
            SOURCES__CLIO_MANAGE__EXCLUDE_COLUMNS=",".join(excluded),
        )
        (tmp_path / "home").mkdir()
        day = Day(Firm(clio, tmp_path / "data"), env, frozenset(hidden))
        day.do("load")
        files_in(day, tmp_path)
        write_back(day)
        read_again(day)
        prove(day)
    every = {path: b"\n".join(contents(path)) for path in tmp_path.rglob("*") if path.is_file()}
    every[Path("printed")] = "\n".join(day.said).encode()
    every[Path("told")] = b"\n".join(heard.bodies)
    found = [
        f"{column} in {path}"
        for path, data in every.items()
        for column in hidden
        if canary(column).encode() in data
    ]
    assert found == []
    assert heard.bodies
    seen = b"\n".join(every.values())
    missing = [one for one in EVERY if one not in hidden and canary(one).encode() not in seen]
    assert missing == []

"""The ledger: what was proposed, approved and sent, and by whom. It only ever grows.

It is precious, as the warehouse is not: Clio keeps no record of who approved what. Each event holds
the hash of the one before it, so that a changed, dropped or swapped event shows; and the newest
count and hash stand in a file beside it, so that a ledger that was cut or emptied shows as well.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipelines.config.files import keep_own
from pipelines.errors import LedgerError, StorageError
from pipelines.errors.local import NewerFileError, newer, of_ledger, told
from pipelines.files import replace_durably, sync_folder
from sources.clio_http.clock import Clock

from .canonical import canonical, sha256
from .schema import MIGRATIONS

FILE = "ledger.sqlite"
HEAD = "ledger-head.json"
MOST_VERSIONS = 100
"""A greater version than that is no version, but a header that was damaged."""
WAIT = 30.0
"""Seconds that one process waits for another's transaction."""
_COLUMNS = "seq, at, actor, kind, edit_id, plan_hash, body"
SCHEMA = "select type, name, sql from sqlite_schema where sql is not null"


@dataclass(frozen=True)
class Entry:
    """What is to be recorded. `body` is JSON without fractions: money and hours are texts."""

    kind: str
    body: Mapping[str, Any]
    edit_id: str = ""
    plan_hash: str = ""


@dataclass(frozen=True)
class Head:
    """How many events there are, and the hash of the last one; empty if there is none."""

    count: int = 0
    hash: str = ""

    def __str__(self) -> str:
        """Return both in one word, as reports print it and `audit verify --head` takes it."""
        return f"{self.count}:{self.hash}"


class Ledger:
    """The events of one data folder, open. One transaction at a time, by whatever process."""

    def __init__(self, database: sqlite3.Connection, folder: Path, clock: Clock) -> None:
        """Wrap an open database; `Ledger.open` makes one."""
        self._database = database
        self._folder = folder
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, clock: Clock, *, read_only: bool = False) -> Self:
        """Open the ledger of a data folder, or make it; read-only, a missing one is empty.

        Raises:
            LedgerError: it is damaged, its newest event is not what was written, or it was longer.
            StorageError: the file cannot be made or read.

        """
        ledger = cls.reopen(folder, clock, read_only=read_only)
        try:
            ledger.check()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def reopen(cls, folder: Path, clock: Clock, *, read_only: bool = False) -> Self:
        """Open the ledger without looking at its head: to verify it, or to accept a loss."""
        with _in_words(folder):
            database = _connect(folder / FILE, read_only=read_only)
            try:
                _migrate(database)
                database.execute("pragma query_only = on")
            except BaseException:
                database.close()
                raise
        return cls(database, folder, clock)

    def __enter__(self) -> Self:
        """Return the ledger itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def record(self, actor: str, *entries: Entry, unless: Callable[[], None] | None = None) -> None:
        """Record what happened: all of it or nothing, durable when this returns.

        `unless` is called once no other process can record anything before this; what it raises
        keeps this from being recorded.

        Raises:
            LedgerError: the newest event is not what was written.
            BusyError: another process holds the ledger.
            StorageError: it could not be written; nothing of it counts.

        """
        with self._in_words():
            self._database.execute("pragma query_only = off")
            try:
                self._database.execute("begin immediate")
                if unless is not None:
                    unless()
                self._insert(actor, entries)
                self._database.execute("commit")
                self._note()
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("rollback")
                raise
            finally:
                self._database.execute("pragma query_only = on")

    def _in_words(self) -> AbstractContextManager[None]:
        return _in_words(self._folder)

    def _insert(self, actor: str, entries: Sequence[Entry]) -> None:
        head = self._checked_head()
        count, before = head.count, head.hash
        for entry in entries:
            count += 1
            at = self._clock.now().in_timezone("UTC").format("YYYY-MM-DD[T]HH:mm:ss.SSSSSS[Z]")
            body = canonical(entry.body)
            row = [count, at, actor, entry.kind, entry.edit_id, entry.plan_hash, body]
            after = link(before, row)
            self._database.execute(
                "insert into events values (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*row, before, after]
            )
            before = after

    def rows(
        self, query: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """Ask the events or a view; nothing can be changed here."""
        with self._in_words():
            return self._database.execute(query, parameters).fetchall()

    def head(self) -> Head:
        """Return the number of events and the hash of the last one."""
        found = self.rows("select seq, hash from events order by seq desc limit 1")
        return Head(*found[0]) if found else Head()

    def verify(self, head: str = "") -> list[str]:
        """Return what is wrong with the ledger, in words; nothing if it is whole.

        `head` is one that was printed before, `count:hash` or a hash alone: its event must still
        be there, as it was.
        """
        problems = [*self.broken(), *self._cut(_beside(self._folder))]
        known = "select 1 from events where hash = ?1 or seq || ':' || hash = ?1"
        if head and not self.rows(known, [head]):
            problems.append("the ledger does not hold the event of the head that was given")
        return problems

    def broken(self) -> list[str]:
        """Return what is wrong with the file and the chain of events, their end apart."""
        checked = [text for (text,) in self.rows("pragma integrity_check")]
        problems = [f"the file: {text}" for text in checked if text != "ok"]
        problems += [f"the {name} is not as it was made" for name in self._altered()]
        count, before = 0, ""
        for *row, prev_hash, written in self.rows(
            f"select {_COLUMNS}, prev_hash, hash from events order by seq"
        ):
            count += 1
            if row[0] != count:
                problems.append(f"event {count} is missing")
                count = row[0]
            elif prev_hash != before:
                problems.append(f"event {count} does not follow the one before it")
            if not follows(prev_hash, row, written):
                problems.append(f"event {count} is not what was written")
            before = written
        return problems

    def check(self) -> None:
        """Check the newest event and the file beside.

        Raises:
            LedgerError: something is wrong.

        """
        self._checked_head()
        _demand(self._cut(_beside(self._folder)))

    def demand_whole(self, at_least: Head | None = None) -> None:
        """Check every event, as must be done before anything is sent.

        `at_least` is a head that is known from elsewhere.

        Raises:
            LedgerError: something is wrong.

        """
        _demand([*self.verify(), *self._cut(at_least or Head())])

    def demand_held(self, head: Head) -> None:
        """Check that an event that is known from elsewhere is there.

        Raises:
            LedgerError: it is not: the ledger was lost, or an older one was put back.

        """
        _demand(self._cut(head))

    def accept(self, actor: str, lost: Sequence[Head]) -> None:
        """Let a person go on with a ledger that was cut, naming the heads that are lost."""
        body = {"lost": [str(head) for head in lost]}
        self.record(actor, Entry("ledger_accepted", body))

    def lost(self, *others: Head) -> list[Head]:
        """Return the heads, of the file beside and of elsewhere, that the ledger does not hold."""
        return [head for head in (_beside(self._folder), *others) if self._cut(head)]

    def _checked_head(self) -> Head:
        found = self.rows(
            f"select {_COLUMNS}, prev_hash, hash from events order by seq desc limit 1"
        )
        if not found:
            return Head()
        *row, prev_hash, written = found[0]
        if not follows(prev_hash, row, written):
            message = f"event {row[0]} of the ledger is not what was written"
            raise LedgerError(message)
        return Head(row[0], written)

    def _altered(self) -> list[str]:
        """Return the tables, views, indexes and triggers that differ from those of a new ledger.

        Every state comes from a view, so another view would show another state of the same events.
        """
        made = sqlite3.connect(":memory:", isolation_level=None)
        try:
            _migrate(made)
            expected = set(made.execute(SCHEMA).fetchall())
        finally:
            made.close()
        differing = expected ^ set(self.rows(SCHEMA))
        return sorted({f"{kind} {name}" for kind, name, _ in differing})

    def holds(self, known: Head) -> bool:
        """Return whether an event that was known once is there, whatever was accepted since."""
        return self.rows("select hash from events where seq = ?", [known.count]) == [(known.hash,)]

    def _cut(self, known: Head) -> list[str]:
        """Return what is wrong if the ledger does not hold an event that it held once."""
        if not known.count:
            return []
        if self.holds(known) or self._accepted(known):
            return []
        return [f"it held {known.count} events once, of which the last is missing or another"]

    def _accepted(self, known: Head) -> bool:
        query = (
            "select 1 from events e, json_each(e.body, '$.lost') j"
            " where e.kind = 'ledger_accepted' and j.value = ?"
        )
        return bool(self.rows(query, [str(known)]))

    def _note(self) -> None:
        """Write the head beside the ledger, one process at a time.

        What was recorded counts already: without this the older head stands there, which is true
        of the ledger as well.
        """
        with suppress(OSError, sqlite3.OperationalError):
            self._database.execute("begin immediate")
            try:
                replace_durably(self._folder / HEAD, json.dumps(vars(self.head())))
            finally:
                self._database.execute("rollback")


def follows(before: object, row: Sequence[object], written: object) -> bool:
    """Return whether an event is what was written: its hash is that of its columns."""
    try:
        return isinstance(before, str) and link(before, row) == written
    except (TypeError, ValueError):
        # a damaged record may give bytes or fractions, which no event holds
        return False


def link(before: str, row: Sequence[object]) -> str:
    """Return the hash of an event: of the hash before it and its seven columns."""
    return sha256(before + canonical(list(row)))


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    keep_own(path)
    empty = not path.exists() or not path.stat().st_size
    if read_only and empty:
        return sqlite3.connect(":memory:", isolation_level=None)
    if read_only:
        where = f"{path.resolve().as_uri()}?mode=ro"
        return sqlite3.connect(where, uri=True, isolation_level=None, timeout=WAIT)
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    os.fchmod(handle, 0o600)
    os.close(handle)
    sync_folder(path.parent)
    database = sqlite3.connect(path, isolation_level=None, timeout=WAIT)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = full")
    return database


def _migrate(database: sqlite3.Connection) -> None:
    ((version,),) = database.execute("pragma user_version").fetchall()
    if version > len(MIGRATIONS):
        if version > MOST_VERSIONS:
            message = "the ledger is damaged: its header tells no version that there could be"
            raise LedgerError(message)
        raise NewerFileError(newer("the ledger", version, len(MIGRATIONS)))
    if version == len(MIGRATIONS):
        return
    database.execute("begin immediate")
    # another process may have done it meanwhile
    ((version,),) = database.execute("pragma user_version").fetchall()
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            database.execute(statement)
    database.execute(f"pragma user_version = {len(MIGRATIONS)}")
    database.execute("commit")


def _beside(folder: Path) -> Head:
    try:
        found = json.loads((folder / HEAD).read_text("utf-8"))
        return Head(int(found["count"]), str(found["hash"]))
    except FileNotFoundError:
        return Head()
    except (OSError, ValueError, TypeError, KeyError):
        message = f"{HEAD} cannot be read"
        raise LedgerError(message) from None


def _demand(problems: Sequence[str]) -> None:
    if problems:
        message = f"the ledger is damaged: {problems[0]}"
        raise LedgerError(message)


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    """Turn what SQLite says into words; it never quotes what is in the ledger."""
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:
        raise of_ledger(error, str(folder / FILE)) from None
    except OSError as error:
        what, message = (
            "the ledger cannot be opened",
            f"the ledger cannot be opened ({error.strerror})",
        )
        raise told(error, what, str(folder / FILE)) or StorageError(message) from None

"""The judge of every push: what the server saw, held against plans, approvals and the ledger.

Rules over the whole history of a data folder, each read from the server's own log of writes, from
the bytes of the plan files and from the ledger's events; none of the code that pushes is used. What
breaks one is a sentence that begins with the number of the rule:

- H1 Nothing is written but by PATCH, each with an `If-Match` that stands in an approved plan.
- H2 The body of each is, byte by byte, the one that was approved.
- H3 None was applied to another version than the approved one.
- H4 Each has an intent of its own in the ledger; each edit that was sent has one end.
- H5 No approved edit was applied twice.
- H6 What counts as applied was applied, or seen; what was applied counts as such, or is told.
- H9 Nothing went to another host.
- H10 No token is in any file or log, and no value of an edit in a log.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from pipelines.ledger.ledger import Ledger
from sources.clio_http.clock import SystemClock
from sources.clio_simulator.writes import LoggedWrite
from sources.errors import ClioError
from tests.system.firm import Firm

NO_TAG, EMPTY = '"no-record-has-this-tag"', sha256(b'{"data":{}}').hexdigest()
DONE = {"applied", "applied_observed"}
TOLD = DONE | {"conflicted", "needs_human"}
"""The ends that an edit which was applied may have: a person may have changed it since."""
SHOWN = 5
"""Values that are shorter than this occur in every log."""


@dataclass(frozen=True)
class Sent:
    """What identifies a PATCH: the record, the tag and the digest of the body."""

    resource: str
    record_id: str
    if_match: str
    body: str


@dataclass(frozen=True)
class Event:
    """One event of the ledger."""

    seq: int
    kind: str
    edit_id: str
    plan_hash: str
    body: Mapping[str, Any]


def check(firm: Firm, *, ended: bool = True) -> None:
    """Fail with every rule that the history of a firm breaks.

    Not `ended`, edits may still be under way.
    """
    found = list(problems(firm, ended=ended))
    assert found == []


def problems(firm: Firm, *, ended: bool = True) -> Iterator[str]:
    """Yield a sentence for each breach."""
    writes = [one for one in firm.clio.writes if one.method == "PATCH"]
    yield from _methods(firm)
    yield from _secrets(firm)
    try:
        with Ledger.open(firm.folder, SystemClock(), read_only=True) as ledger:
            ledger.demand_whole()
            events = [
                Event(seq, kind, edit_id, plan_hash, json.loads(body))
                for seq, kind, edit_id, plan_hash, body in ledger.rows(
                    "select seq, kind, edit_id, plan_hash, body from events order by seq"
                )
            ]
            states = dict(ledger.rows("select edit_id, state from edits"))
    except ClioError:
        # where the ledger was tampered with there is nothing to hold writes against: none may be
        yield from (f"H1: {one.path} was written to with a damaged ledger" for one in writes)
        return
    yield from Judge(firm, writes, events, states).problems(ended=ended)


class Judge:
    """The history of one firm, put in order."""

    def __init__(
        self, firm: Firm, writes: list[LoggedWrite], events: list[Event], states: Mapping[str, str]
    ) -> None:
        """Read the plans, and find out what was approved when it was sent."""
        self.firm = firm
        self.writes = writes
        self.events = events
        self.states = states
        self.plans = {
            sha256(path.read_bytes()).hexdigest(): json.loads(path.read_bytes())
            for path in firm.folder.glob("plans/*.json")
        }
        self.probed = {
            (one.body["resource"], one.body["record_id"], one.body["body_hash"])
            for one in events
            if one.kind == "resource_probed"
        }
        self.intents = [one for one in events if one.kind == "attempt_intended"]
        self.approved = self._approved()

    def problems(self, *, ended: bool) -> Iterator[str]:
        """Yield a sentence for each breach."""
        writes = [one for one in self.writes if not self.is_probe(one)]
        yield from self._sent(writes)
        yield from self._intents(writes)
        yield from self._applied(writes)
        yield from self._ends(ended=ended)

    def is_probe(self, write: LoggedWrite) -> bool:
        """Tell whether a write is one with a wrong tag that the ledger says was to be sent."""
        key = (write.collection, str(write.id), write.body_sha256)
        return write.if_match == NO_TAG and key in self.probed

    def _approved(self) -> dict[Sent, set[str]]:
        """Return every PATCH that was approved before it was intended, with its edits."""
        found: dict[Sent, set[str]] = defaultdict(set)
        for intent in self.intents:
            for record in self.plans.get(intent.plan_hash, {}).get("records", []):
                key = (record["resource"], record["record_id"])
                if key != (intent.body["resource"], intent.body["record_id"]):
                    continue
                edits = {edit["edit_id"] for edit in record["edits"]}
                if all(self._is_approved(one, intent) for one in edits):
                    digest = sha256(record["body"].encode()).hexdigest()
                    found[Sent(*key, record["etag"], digest)] |= edits
        return found

    def _is_approved(self, edit_id: str, intent: Event) -> bool:
        """Tell whether the last word about an edit, before it was sent, was an approval."""
        words = [
            one
            for one in self.events
            if one.edit_id == edit_id
            and one.kind in {"edit_approved", "edit_rejected", "edit_withdrawn", "edit_rebased"}
            and one.seq < intent.seq
        ]
        last = words[-1] if words else None
        return (
            last is not None and last.kind == "edit_approved" and last.plan_hash == intent.plan_hash
        )

    def _sent(self, writes: list[LoggedWrite]) -> Iterator[str]:
        tags = {(one.resource, one.record_id, one.if_match) for one in self.approved}
        for write in writes:
            if (write.collection, str(write.id), write.if_match) not in tags:
                yield f"H1: {write.path} was sent with {write.if_match}, which nobody approved"
            elif sent(write) not in self.approved:
                yield f"H2: {write.path} was sent with a body that nobody approved"

    def _intents(self, writes: list[LoggedWrite]) -> Iterator[str]:
        meant = Counter(
            Sent(
                one.body["resource"],
                one.body["record_id"],
                one.body["if_match"],
                one.body["body_hash"],
            )
            for one in self.intents
        )
        left = Counter(sent(one) for one in writes if not one.again)
        for one, count in left.items():
            if count > meant[one]:
                yield f"H4: {one.resource} {one.record_id}: {count} PATCHes, {meant[one]} intents"
        base = self.firm.clio.url
        for intent in self.intents:
            if not str(intent.body["url"]).startswith(f"{base}/api/v4/"):
                yield f"H9: {intent.body['attempt']} went to {intent.body['url']}"

    def _applied(self, writes: list[LoggedWrite]) -> Iterator[str]:
        blind = self.firm.clio.switches.if_match_ignored
        applied: Counter[str] = Counter()
        for write in writes:
            if not write.applied:
                continue
            applied.update(self.approved.get(sent(write), ()))
            same = str(write.if_match).strip('"') == write.etag_before.strip('"')
            if not same and write.collection not in blind:
                yield f"H3: {write.path} was written over {write.etag_before}"
        anew = Counter(one.edit_id for one in self.events if one.kind == "edit_rebased")
        for edit_id, count in applied.items():
            if count > 1 + anew[edit_id]:
                yield f"H5: the edit {edit_id} was applied {count} times"
            if self.states[edit_id] not in TOLD and not self._is_open(edit_id):
                yield f"H6: the edit {edit_id} was applied and is {self.states[edit_id]}"
        for edit_id, state in self.states.items():
            if state == "applied" and not applied[edit_id]:
                yield f"H6: the edit {edit_id} is called applied, and never was"
            if state == "applied_observed" and not applied[edit_id] and not self._seen(edit_id):
                yield f"H6: the edit {edit_id} is called observed, and was not there"

    def _is_open(self, edit_id: str) -> bool:
        """Tell whether an edit has no end yet; `_ends` says whether it may."""
        return self.states[edit_id] in {"proposed", "planned", "approved", "in_flight", "unknown"}

    def _seen(self, edit_id: str) -> bool:
        """Tell whether the value that Clio showed at the end is the one that was proposed."""
        mine = [one for one in self.events if one.edit_id == edit_id]
        wanted = next(one.body["new_value"] for one in mine if one.kind == "edit_proposed")
        shown = [one.body["theirs"] for one in mine if one.kind == "edit_settled"][-1]
        return str(wanted).strip().casefold() == str(shown).strip().casefold()

    def _ends(self, *, ended: bool) -> Iterator[str]:
        open_ends: Counter[str] = Counter()
        for one in self.events:
            if one.kind == "edit_settled":
                open_ends[one.edit_id] += 1
                if open_ends[one.edit_id] > 1:
                    yield f"H4: the edit {one.edit_id} has several ends"
            elif one.kind == "edit_rebased":
                open_ends[one.edit_id] = 0
        if ended:
            for edit_id, state in self.states.items():
                if state in {"in_flight", "unknown"}:
                    yield f"H4: the edit {edit_id} is {state}"


def sent(write: LoggedWrite) -> Sent:
    """Return what identifies a write."""
    return Sent(write.collection, str(write.id), str(write.if_match), write.body_sha256)


def _methods(firm: Firm) -> Iterator[str]:
    here = urlsplit(firm.clio.url).netloc
    for asked in firm.clio.requests:
        if asked.method not in {"GET", "PATCH"}:
            yield f"H1: {asked.method} {asked.path}"
        if asked.method == "PATCH" and not asked.headers.get("if-match"):
            yield f"H1: {asked.path} was written to without If-Match"
        if asked.host != here:
            yield f"H9: {asked.path} was asked of {asked.host}"


def _secrets(firm: Firm) -> Iterator[str]:
    token = firm.clio.token
    for path in sorted(firm.folder.rglob("*")):
        if path.is_file() and token.encode() in path.read_bytes():
            yield f"H10: the token is in {path.name}"
    log = firm.log.getvalue()
    if token in log:
        yield "H10: the token was logged"
    for path in firm.folder.glob("plans/*.json"):
        for record in json.loads(path.read_bytes())["records"]:
            for edit in record["edits"]:
                if len(str(edit["new"])) >= SHOWN and str(edit["new"]) in log:
                    yield f"H10: a value of {edit['edit_id']} was logged"

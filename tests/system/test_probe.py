"""`doctor --probe`: what it observes is how this Clio behaves, and it holds nothing of a record."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import FileInTheWayError
from pipelines.operate.doctor import run_probe
from sources.clio_simulator import Seed, SimulatedClock, Simulator
from sources.clio_simulator.faults import Status
from sources.errors import SignInNeededError
from tests.system.grow_firm import GrowFirm
from tests.system.patients import Patient, loaded_firm, patient_of, without_token, wrong_token
from tests.system.test_doctor import contents, silent_about

pytestmark = pytest.mark.long

MANAGE, GROW = "clio_manage", "clio_grow"
NORMAL: dict[tuple[str, str], Any] = {
    (MANAGE, "updated_since"): "exclusive",
    (MANAGE, "timestamps"): {"offsets": ["Z"], "digits_after_the_second": [0]},
    (MANAGE, "limit"): "cut to 200",
    (MANAGE, "ids"): "taken; 200 of 201 records, the rest is on a further page",
    (MANAGE, "trash"): "not listed by default",
    (MANAGE, "unknown_parameter"): "ignored",
    (MANAGE, "records_in_meta"): False,
    (MANAGE, "page_token"): {"at_once": 200, "after_5_seconds": 200, "same_records": True},
    (MANAGE, "etag"): {
        "in_the_record": "strong, quoted",
        "record_and_header_agree": True,
        "depends_on_fields": False,
    },
    (MANAGE, "conditional"): {
        "etag": "strong, quoted",
        "last_modified": True,
        "if_none_match": 304,
        "if_none_match_other": 200,
        "if_modified_since": 304,
        "not_modified_works": True,
    },
    (MANAGE, "concurrency"): "unknown",
    (GROW, "next_link"): "unknown",
    (GROW, "page_size"): "unknown",
    (GROW, "last_page"): "next is absent",
    (GROW, "fields"): "ignored",
    (GROW, "limit"): "ignored",
    (GROW, "ids"): "refused with 400",
    (GROW, "updated_since"): "inclusive",
    (GROW, "scope_of_sources"): "may be read with this token's scopes",
    (GROW, "etag_of_lists"): "absent",
}
FLIPS: dict[str, tuple[dict[str, Any], dict[tuple[str, str], Any]]] = {
    "inclusive": (
        {"updated_since_inclusive": True, "grow_since_inclusive": False},
        {(MANAGE, "updated_since"): "inclusive", (GROW, "updated_since"): "exclusive"},
    ),
    "refusing": (
        {"limit_above_maximum": "refuse", "strict_parameters": True},
        {
            (MANAGE, "limit"): "refused with 422",
            (MANAGE, "unknown_parameter"): "refused with 400",
            (GROW, "limit"): "refused with 400",
            (GROW, "fields"): "refused with 400",
        },
    ),
    "finer": (
        {"milliseconds": True, "records_in_meta": True},
        {
            (MANAGE, "timestamps"): {"offsets": ["Z"], "digits_after_the_second": [3]},
            (MANAGE, "records_in_meta"): True,
        },
    ),
    "small-pages-elsewhere": (
        {"grow_page_size": 5, "grow_next_base": "grow_host_api_v2", "grow_next_filters": "lost"},
        {
            (GROW, "page_size"): 5,
            (GROW, "next_link"): {
                "host": "grow.clio.com",
                "path": "/api/v2/contacts",
                "parameters": ["page_token"],
                "carries_all_filters": False,
            },
            (GROW, "page_token"): {"at_once": 200, "after_5_seconds": 200, "same_records": True},
        },
    ),
    "null-and-no-scope": (
        {"grow_nulls_in_paging": True, "grow_missing_scopes": {"grow_source_read"}},
        {(GROW, "last_page"): "next is null", (GROW, "scope_of_sources"): "answered with 403"},
    ),
}


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrowFirm]:
    """Return a loaded firm that no test changes."""
    with loaded_firm(tmp_path_factory.mktemp("probe") / "data") as firm:
        yield firm


@pytest.fixture
def patient(firm: GrowFirm, tmp_path: Path) -> Iterator[Patient]:
    """Return a copy of its data folder, and its Clio."""
    with patient_of(firm, tmp_path) as patient:
        yield patient


def test_what_is_observed(firm: GrowFirm, patient: Patient) -> None:
    """The answers are how the simulator behaves; only GETs, counted, and nothing is changed."""
    before = contents(patient.folder)
    observed = patient.probed()
    assert {key: observed[key] for key in NORMAL} == NORMAL
    bills = observed[MANAGE, "bill_states"]
    assert (bills["deleted"], bills["void"]) == ("not listed by default", "listed by default")
    assert observed[MANAGE, "rate_limit"]["limit"] == 100_000
    assert contents(patient.folder) == before
    report = json.loads((patient.home / "probe.json").read_text())
    asked = firm.clio.requests
    assert {each.method for each in asked} == {"GET"}
    assert len(asked) == sum(answer["requests"] for answer in report["answers"]) + 2
    assert len(asked) < 60
    for answer in report["answers"]:
        assert answer["settled"] is (answer["observed"] != "unknown")
        assert answer["settled"] is (answer["reason"] is None)


@pytest.mark.parametrize("name", FLIPS)
def test_switches_show(patient: Patient, name: str) -> None:
    """Where Clio behaves otherwise, so do the answers, and no other answer changes with them."""
    switches, expected = FLIPS[name]
    vars(patient.clio.switches).update(switches)
    observed = patient.probed()
    assert {key: observed[key] for key in expected} == expected


def test_deleted_bills_that_are_listed(patient: Patient) -> None:
    """Which states are hidden by default is found out by a record of each."""
    patient.clio.switches.deleted_bills_listed = True
    patient.clio.switches.void_bills_listed = False
    bills = patient.probed()[MANAGE, "bill_states"]
    assert (bills["deleted"], bills["void"]) == ("listed by default", "not listed by default")


def test_the_report_holds_nothing_of_a_record(firm: GrowFirm, patient: Patient) -> None:
    """No name, no text, no id of a record, no token; only its owner can read it."""
    outcome = run_probe(patient.work(), patient.home / "probe.json")
    path = patient.home / "probe.json"
    text = path.read_text() + outcome.text
    silent_about(text, firm)
    for name in ("activities", "contacts", "matters", "bills", "grow.contacts", "grow.matters"):
        ids = {str(row["id"]) for row in firm.clio.dump(name)}
        assert [key for key in ids if len(key) > 3 and key in text] == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_in_the_way(firm: GrowFirm, patient: Patient) -> None:
    """Nothing is written over, and nothing is sent."""
    path = patient.home / "probe.json"
    path.write_text("mine")
    with pytest.raises(FileInTheWayError, match=r"probe\.json is there already"):
        run_probe(patient.work(), path)
    assert path.read_text() == "mine"
    assert firm.clio.requests == []


def test_nobody_signed_in(firm: GrowFirm, patient: Patient) -> None:
    """Without a token, or with a wrong one: exit 3, and no file."""
    wrong_token(patient)
    with pytest.raises(SignInNeededError):
        run_probe(patient.work(), patient.home / "probe.json")
    without_token(patient)
    firm.clio.requests.clear()
    with pytest.raises(SignInNeededError):
        run_probe(patient.work(), patient.home / "probe.json")
    assert firm.clio.requests == []
    assert not (patient.home / "probe.json").exists()


def test_what_cannot_be_settled_is_unknown(patient: Patient) -> None:
    """A list that fails leaves its questions open, with the reason, and the others settled."""
    patient.clio.faults.add(Status(503), "bills", times=None)
    patient.clio.faults.add(Status(403), "documents", times=None)
    outcome = run_probe(patient.work(), patient.home / "probe.json")
    found = {(row["product"], row["name"]): row for row in outcome.results}
    assert found[MANAGE, "bill_states"]["reason"] == "bills was answered with 503"
    assert found[MANAGE, "trash"]["observed"] == "unknown"
    assert found[MANAGE, "updated_since"]["settled"]


def test_an_empty_account(patient: Patient) -> None:
    """Where there is no record, what needs one is unknown and says so."""
    nothing = Seed(3, 0.05, contacts=3, matters=3, activities=3, bills=3)
    with Simulator(nothing, clock=SimulatedClock.real(), rate_limit=0) as clio:
        patient.change(base_url=clio.url)
        patient.change_of(GROW, access_token=None)
        observed = patient.probed()
    assert observed[MANAGE, "ids"] == "unknown"
    assert observed[MANAGE, "limit"] == "taken; too few records to tell whether it is cut to 200"

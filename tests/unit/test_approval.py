"""Who is who, how long a plan lives, and which plans of before are still read."""

import json
import os
import pwd
from dataclasses import replace
from pathlib import Path

import pendulum
import pytest

from pipelines.config import read_settings
from pipelines.config.files import login
from pipelines.ledger.canonical import sha256
from pipelines.ledger.errors import PlanError, SignatureError
from pipelines.ledger.ledger import Head
from pipelines.plan import plan_file
from pipelines.plan.approval import Review, read_review
from pipelines.plan.approval_policy import higher
from pipelines.plan.four_eyes import Person, is_same
from pipelines.plan.plan_file import Plan, PlannedEdit, PlannedRecord
from pipelines.plan.signatures import public_key, read_public_key
from sources.errors import ConfigurationError

ALIKE = [
    ("joerg mueller", "Jörg Müller"),
    ("Mueller, Jörg", "jorg muller"),
    ("Bjoern Aas", "Bjørn Ås"),
    ("Aesop Oeuvre", "Æsop Œuvre"),
    ("René Château", "Rene Chateau"),
    ("Strasse", "Straße"),
    ("Thor", "Þór"),
    ("\U0001d586na", "ana"),
    ("\u13aana", "ana"),
    ("\u0430\u043d\u0430", "aha"),
    ("a\u00adna", "ana"),
    ("Jean-Luc", "jean luc"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE, ids=[ascii(other) for _, other in ALIKE])
def test_names_of_one_person(one: str, other: str) -> None:
    """A name written out, turned round, or with letters that look alike, is the same person's."""
    assert is_same(Person(one), Person(other))
    assert is_same(Person(other), Person(one))


@pytest.mark.parametrize("other", ["Bo Lind", "Anna Smith", "Ana Smythe", "Smith"])
def test_names_of_others(other: str) -> None:
    """What is only near is another person's."""
    assert not is_same(Person("Ana Smith"), Person(other))


def test_login_is_the_machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The login is that of the process, whatever LOGNAME, USER and the like say."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody else")
    expected = pwd.getpwuid(os.getuid()).pw_name
    assert login() == expected
    assert read_settings({}, tmp_path).actor == expected


@pytest.mark.parametrize("value", ["", "0", "no", "off", "n"])
def test_four_eyes_has_no_other_words(value: str, tmp_path: Path) -> None:
    """A word that is neither true nor false is an error, and turns nothing off."""
    with pytest.raises(ConfigurationError, match="four_eyes"):
        read_settings({"CLIO_SYNC__FOUR_EYES": value}, tmp_path)


def test_levels_are_in_order() -> None:
    """What proves more is higher; a setting is one of four words."""
    assert higher("off", "signed", "asserted") == "signed"
    assert higher("asserted", "session") == "session"
    with pytest.raises(ConfigurationError, match="approval"):
        read_settings({"CLIO_SYNC__APPROVAL": "strict"}, Path())


def plan(created_at: str, expires_at: str, made_as: int = plan_file.FORMAT) -> Plan:
    """Return a plan of one edit."""
    edit = PlannedEdit("e1", "description", "a", "b", "r", "ana")
    body = '{"data":{"description":"b"}}'
    record = PlannedRecord("matters", "1", "", '"e"', "id", {}, (edit,), body, sha256(body))
    place = ("1", "us", "127.0.0.1", "ana", "ana", created_at, expires_at)
    return Plan(made_as, "clio-sync", *place, "p", {}, (record,), "signed")


def test_no_plan_outlives_a_week() -> None:
    """Whatever a plan says of itself, it is over after seven days."""
    found = plan("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
    assert found.ends_at == "2026-03-08T00:00:00Z"
    assert found.is_over(pendulum.datetime(2026, 3, 8))
    assert not found.is_over(pendulum.datetime(2026, 3, 7, 23, 59))
    assert plan("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z").ends_at == "2026-03-02T00:00:00Z"


def test_plans_of_before(tmp_path: Path) -> None:
    """A plan of the format before is read as it was written; one of none is refused."""
    old = plan("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", plan_file.OLDER)
    assert "approval" not in json.loads(old.text)
    found = plan_file.load(plan_file.write(tmp_path, old))
    assert (found.hash, found.approval) == (old.hash, "asserted")
    with pytest.raises(PlanError, match="another version"):
        plan_file.load(plan_file.write(tmp_path, plan("", "", 9)))


@pytest.mark.parametrize(
    "text", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA", "x" * 99]
)
def test_what_is_no_key(text: str, tmp_path: Path) -> None:
    """A text that is no public key is refused, and a private key is not taken for one."""
    with pytest.raises(SignatureError):
        public_key(text)
    path = tmp_path / "id"
    path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    with pytest.raises(SignatureError, match="stays with its owner"):
        read_public_key(path)


def test_statement_is_one_text() -> None:
    """The same judgement gives the same text, in whatever order it was made, and another plan,
    place or word gives another.
    """
    found = plan("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    head = Head(7, "ab")
    text = Review(("e2", "e1"), (), "ü", "s").statement(found, ["b", "a"], head)
    assert text == Review(("e1", "e2"), (), "ü", "s").statement(found, ["a", "b"], head)
    assert read_review(text)[0] == Review(("e1", "e2"), (), "ü", "s")
    others = {
        Review(("e1",), ("e2",), "ü", "s").statement(found, ["a", "b"], head),
        Review(("e1", "e2"), (), "u", "s").statement(found, ["a", "b"], head),
        Review(("e1", "e2"), (), "ü", "s").statement(replace(found, host="x"), ["a", "b"], head),
        Review(("e1", "e2"), (), "ü", "s").statement(found, ["a", "b"], Head(8, "ab")),
    }
    assert len(others - {text}) == 4

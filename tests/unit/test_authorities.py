"""A firm's own authority is believed beside the public ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.config import read_settings
from sources.clio_http import hosts
from sources.clio_http.client import ClioClient
from sources.errors import ConfigurationError, UntrustedServerError
from tests.unit.http_loopback import FakeClock, Loopback, reply, settings
from tests.unit.test_http_faults import self_signed

GOOD = reply(200, {"data": []})


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    hosts.believe(None, "clio_sync.ca_file")


def ask(folder: Path) -> int:
    """Ask a server whose certificate a firm's authority vouches for; give the requests."""
    with Loopback(lambda *_: GOOD, self_signed(folder)) as server:
        with ClioClient(settings(server), FakeClock()) as client:
            client.get("users")
        return len(server.requests)


def test_file_of_the_settings_is_believed(tmp_path: Path) -> None:
    """With `clio_sync.ca_file` the server is spoken to; without it it is not."""
    with pytest.raises(UntrustedServerError):
        ask(tmp_path)
    file = tmp_path / "certificate.pem"
    server = self_signed(tmp_path)
    assert read_settings({"CLIO_SYNC__CA_FILE": str(file)}, tmp_path).ca_file == file
    with Loopback(lambda *_: GOOD, server) as own, ClioClient(settings(own), FakeClock()) as client:
        client.get("users")
    assert len(own.requests) == 1


def test_file_of_the_environment_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SSL_CERT_FILE` adds its authorities, too."""
    server = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with Loopback(lambda *_: GOOD, server) as own, ClioClient(settings(own), FakeClock()) as client:
        client.get("users")
    assert len(own.requests) == 1


def test_the_public_authorities_stay(tmp_path: Path) -> None:
    """A firm's file adds to them and takes none away."""
    before = len(hosts.certificates().get_ca_certs())
    self_signed(tmp_path)
    hosts.believe(tmp_path / "certificate.pem", "clio_sync.ca_file")
    assert len(hosts.certificates().get_ca_certs()) == before + 1
    assert before > 50


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_file_that_cannot_be_used_is_an_error_in_words(tmp_path: Path, text: str | None) -> None:
    """The setting is named, before anything is sent; the exit code is 2."""
    file = tmp_path / "firm.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"clio_sync\.ca_file names a file") as caught:
        read_settings({"CLIO_SYNC__CA_FILE": str(file)}, tmp_path)
    assert caught.value.exit_code == 2


def test_file_of_the_environment_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with (
        Loopback(lambda *_: GOOD) as server,
        pytest.raises(ConfigurationError, match="SSL_CERT_FILE names a file"),
    ):
        ClioClient(settings(server), FakeClock())

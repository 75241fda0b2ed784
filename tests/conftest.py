"""What every test stands on: a clean environment, fixed examples, the folder of references."""

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.strays import STRAYS, watch_simulators

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
ABSENT = "beside the repository"
INSTALLED = "which .ci/run installs"
"""Every skip for want of ../shared, or of a program that `.ci/run` installs, says such words:
`CLIO_SYNC_CI` turns it into a failure.
"""

OURS = ("CLIO_SYNC__", "SOURCES__", "DESTINATION__", "DLT_", "RUNTIME__", "MATON_")

hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis.settings.register_profile(
    "unshrunk",
    derandomize=True,
    deadline=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.register_profile("nightly", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_configure(config: pytest.Config) -> None:
    """Let no setting of this machine reach a test, nor a process that a test starts."""
    for name in [name for name in os.environ if name.upper().startswith(OURS)]:
        del os.environ[name]
    os.environ.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    home = tempfile.TemporaryDirectory(prefix="clio-sync-home-")
    config.add_cleanup(home.cleanup)
    os.environ["HOME"] = home.name
    os.environ.pop("XDG_STATE_HOME", None)
    os.environ["DLT_DATA_DIR"] = home.name
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    config.add_cleanup(watch_simulators(STRAYS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail, where nothing may be left out, a test that was skipped for want of something."""
    report = yield
    strict = bool(os.environ.get("CLIO_SYNC_CI"))
    told = str(report.longrepr)
    if strict and report.skipped and (ABSENT in told or INSTALLED in told):
        report.outcome = "failed"
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked `shared` where the references are not there."""
    if item.get_closest_marker("shared") is not None and not SHARED.is_dir():
        pytest.skip(f"the folder of references is not {ABSENT}")


@pytest.fixture(scope="session", autouse=True)
def _no_strays() -> Iterator[None]:
    """Fail at the end if a server was sent a key or token of another; see `tests/strays.py`."""
    yield
    STRAYS.check()


@pytest.fixture
def strays() -> Iterator[list[str]]:
    """Return what this test sends to the wrong host, for tests that play a client which errs."""
    with STRAYS.aside() as found:
        yield found


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of references, which is not part of this repository."""
    if not SHARED.is_dir():
        pytest.skip(f"the folder of references is not {ABSENT}")
    return SHARED


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in an empty folder, so that no `.dlt/` and no `data/` is found."""
    monkeypatch.chdir(tmp_path)

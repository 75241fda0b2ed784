"""Settings come only from files that nobody else on this machine can write."""

import os
from pathlib import Path

import pytest

from pipelines.config import read_settings
from pipelines.config.files import ForeignFileError, writable_by_others
from sources.errors import ConfigurationError

ENV = {"CLIO_SYNC__ACTOR": "ana"}
OTHER = 12345
LOOPBACK = '[sources.clio_manage]\nbase_url = "http://127.0.0.1:9"\n'
WORD = "allow_loopback = true\n"
only_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with a settings file that is its owner's alone."""
    folder = tmp_path / ".dlt"
    folder.mkdir(mode=0o755)
    path = folder / "config.toml"
    path.write_text('[sources.clio_manage]\nregion = "eu"\n', "utf-8")
    path.chmod(0o644)
    return tmp_path


def config(home: Path, name: str = "config.toml") -> Path:
    """Name a settings file."""
    return home / ".dlt" / name


def demand_refused(home: Path) -> None:
    """See that nothing is read, and that a person is told with exit 2."""
    with pytest.raises(ForeignFileError) as raised:
        read_settings(ENV, home)
    assert raised.value.exit_code == 2


def test_own_file(home: Path) -> None:
    """A file of one's own that others may read, but not write, is read."""
    assert read_settings(ENV, home).sources["clio_manage"].region == "eu"


@pytest.mark.parametrize("mode", [0o666, 0o646, 0o602])
@pytest.mark.parametrize("which", ["file", "folder"])
def test_others_may_write(home: Path, mode: int, which: str) -> None:
    """Where anybody may write the file, or put another one into its folder, it is refused."""
    path = config(home) if which == "file" else home / ".dlt"
    path.chmod(mode | 0o100 if which == "folder" else mode)
    demand_refused(home)


@only_root
def test_group_may_write(home: Path) -> None:
    """So it is where a group may write that is not its owner's alone."""
    config(home).chmod(0o664)
    demand_refused(home)


@only_root
@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_other_owner(home: Path, name: str) -> None:
    """A file of another user's is refused, whatever its mode and whatever stands in it."""
    path = config(home, name)
    path.write_text("", "utf-8")
    path.chmod(0o600)
    os.chown(path, OTHER, OTHER)
    demand_refused(home)


@only_root
def test_folder_of_another(home: Path) -> None:
    """So is one in a folder that belongs to another user, who could put another in its place."""
    os.chown(home / ".dlt", OTHER, OTHER)
    demand_refused(home)


@only_root
def test_link_of_another(home: Path) -> None:
    """A link that another user made is refused though it leads to a file of one's own."""
    path = config(home)
    target = path.rename(home / "own.toml")
    path.symlink_to(target)
    assert read_settings(ENV, home).sources["clio_manage"].region == "eu"
    os.chown(path, OTHER, OTHER, follow_symlinks=False)
    demand_refused(home)


def test_link_into_a_folder_for_all(home: Path) -> None:
    """So is a link to a file in a folder that everybody may write."""
    path, shared = config(home), home / "shared"
    shared.mkdir()
    target = path.rename(shared / "own.toml")
    path.symlink_to(target)
    shared.chmod(0o777)
    demand_refused(home)


@only_root
def test_file_of_root(home: Path) -> None:
    """What root owns is for everybody: an administrator's file is read by the users."""
    for path in (home, home / ".dlt"):
        path.chmod(0o755)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir(home)
        os.setuid(OTHER)
        region = b"none"
        try:
            region = read_settings(ENV, Path()).sources["clio_manage"].region.encode()
        except ConfigurationError as error:
            region = str(error).encode()
        finally:
            os.write(write, region)
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        assert told.read() == b"eu"


@only_root
def test_private_group(tmp_path: Path) -> None:
    """A group-writable file of root's is never taken for one of a private group."""
    tmp_path.chmod(0o770)
    assert writable_by_others(tmp_path.stat())


@pytest.mark.parametrize("name", ["base_url", "oauth_url"])
def test_loopback_of_a_file(home: Path, name: str) -> None:
    """An address of this machine that a file names needs the word beside it: any user's program
    may listen there for the token.
    """
    text = LOOPBACK.replace("base_url", name)
    config(home).write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=f"clio_manage.{name} of a settings file"):
        read_settings(ENV, home)
    config(home).write_text(text + WORD, "utf-8")
    read_settings(ENV, home)


def test_loopback_of_the_environment(home: Path) -> None:
    """The environment is the caller's own: an address from there needs nothing more, even where a
    file names another.
    """
    config(home).write_text(LOOPBACK, "utf-8")
    env = {**ENV, "SOURCES__CLIO_MANAGE__BASE_URL": "http://127.0.0.1:8765"}
    assert read_settings(env, home).sources["clio_manage"].base_url == "http://127.0.0.1:8765"
    assert read_settings(env, home.parent).sources["clio_manage"].base_url.endswith(":8765")


def test_word_for_one_product(home: Path) -> None:
    """The word is for the product that it is said of."""
    other = '[sources.clio_grow]\nbase_url = "http://localhost:9/grow"\n'
    config(home).write_text(LOOPBACK + WORD + other, "utf-8")
    with pytest.raises(ConfigurationError, match=r"sources\.clio_grow\.base_url"):
        read_settings(ENV, home)

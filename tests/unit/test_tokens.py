"""Where sign-ins are kept, what is refused as a place for them, and what of them is shown."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pendulum
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError

from pipelines.access.keyrings import SERVICE, KeyringStore, checked
from pipelines.access.signin import SignedInUser, SignIn, SignInTarget
from pipelines.access.tokens import FileStore, store_for, token_folder
from pipelines.config import IN_FILES, Settings
from pipelines.errors import TokenStoreError, UnsafeTokensError
from sources.clio_http.secret import Secret
from sources.clio_http.token_answers import Grant

NOW = pendulum.datetime(2026, 3, 2, 9, 0, 0)
TARGET = SignInTarget("us", "https://app.clio.com", "https://app.clio.com", "key")
PERSON = SignedInUser("1", "Example Law Firm", "101", "Ash Ambleford")
SIGN_IN = SignIn(
    Secret("canary-access"),
    Secret("canary-refresh"),
    NOW,
    NOW.add(hours=1),
    "one two",
    TARGET,
    PERSON,
)


class Ring(KeyringBackend):
    """A keyring that keeps things as long as the test lasts."""

    priority = 5

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is kept."""
        if self.locked:
            message = "canary: the collection is locked"
            raise KeyringLocked(message)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep something."""
        self.get_password(service, username)
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Drop something."""
        if self.get_password(service, username) is None:
            raise PasswordDeleteError
        del self.kept[service, username]


class PlaintextKeyring(Ring):
    """A backend that hides nothing, whatever it says of itself."""


class Chain(ChainerBackend):
    """A chain of a good backend and a poor one."""

    backends: ClassVar[list[KeyringBackend]] = []


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """Return a file that holds something."""
    made = FileStore(tmp_path, "clio_manage")
    made.write("kept")
    return made


def mode(path: Path) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Under umask 0 too the folder is 0700 and the file 0600; nothing else is left there."""
    before = os.umask(0)
    try:
        made = FileStore(tmp_path, "clio_manage")
        for text in ("one", "two"):
            made.write(text)
    finally:
        os.umask(before)

    assert made.path == tmp_path / "tokens" / "clio_manage.json"
    assert (mode(made.path.parent), mode(made.path)) == (0o700, 0o600)
    assert made.read() == "two"
    assert list(made.path.parent.iterdir()) == [made.path]


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_file_that_others_can_read_or_write_is_refused(store: FileStore, bits: int) -> None:
    """Exit 3: what others could read may be known, what they could write may be theirs."""
    store.path.chmod(bits)
    with pytest.raises(UnsafeTokensError, match="read or changed by others") as caught:
        store.read()
    assert caught.value.exit_code == 3
    assert "auth logout" in caught.value.hint


@pytest.mark.parametrize("use", [FileStore.read, lambda store: store.write("new")])
def test_folder_that_others_can_look_into_is_refused(
    store: FileStore, use: Callable[[FileStore], object]
) -> None:
    """Whoever may write there could put another file in its place."""
    store.path.parent.chmod(0o750)
    with pytest.raises(UnsafeTokensError):
        use(store)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_file_of_another_user_is_refused(store: FileStore, which: str) -> None:
    """Another user's file or folder is not trusted, whatever its mode."""
    os.chown(store.path if which == "file" else store.path.parent, 12345, 12345)
    with pytest.raises(UnsafeTokensError, match="someone else"):
        store.read()


def test_link_is_refused(store: FileStore, tmp_path: Path) -> None:
    """Neither the file nor the folder may be a link to somewhere else."""
    elsewhere = tmp_path / "elsewhere"
    store.path.rename(elsewhere)
    store.path.symlink_to(elsewhere)
    with pytest.raises(TokenStoreError):
        store.read()
    store.path.unlink()
    store.path.parent.rename(elsewhere.with_name("folder"))
    store.path.parent.symlink_to(elsewhere.with_name("folder"))
    with pytest.raises(UnsafeTokensError, match="a link"):
        token_folder(tmp_path)


def test_file_that_a_crash_left_half_written(store: FileStore) -> None:
    """A file that a killed process was writing is neither read nor in the way."""
    left = store.path.with_name(store.path.name + ".tmp")
    left.write_text("ha")
    assert store.read() == "kept"
    store.write("new")
    assert (store.read(), left.exists()) == ("new", False)


def test_half_written_file_goes_with_the_sign_in(store: FileStore) -> None:
    """It may hold tokens that are good: nothing of a sign-in is left where somebody signed out."""
    store.path.with_name(store.path.name + ".tmp").write_text("canary-refresh")
    store.delete()
    assert list(store.path.parent.iterdir()) == []


def test_file_is_there_or_not(tmp_path: Path) -> None:
    """What is not there is None, and dropping it twice is no error."""
    made = FileStore(tmp_path, "clio_grow")
    assert made.read() is None
    made.delete()
    made.write("kept")
    made.delete()
    made.delete()
    assert made.read() is None


def test_disk_that_takes_nothing_is_told(store: FileStore) -> None:
    """A file that cannot be written or read ends in words, exit 3."""
    store.path.unlink()
    store.path.mkdir()
    for use in (store.read, lambda: store.write("x")):
        with pytest.raises(TokenStoreError, match="cannot be"):
            use()


def test_keyring_keeps_one_for_each_product_and_folder() -> None:
    """Sign-ins of two products or data folders do not meet; what is dropped is gone."""
    ring = Ring()
    stores = [KeyringStore(ring, name) for name in ("clio_manage /a", "clio_grow /a")]
    for made in stores:
        assert made.read() is None
        made.delete()
        made.write(made.place)
    assert set(ring.kept) == {(SERVICE, "clio_manage /a"), (SERVICE, "clio_grow /a")}
    stores[0].delete()
    assert [made.read() for made in stores] == [None, stores[1].place]


def test_locked_keyring_is_told() -> None:
    """L15: a locked keyring is exit 3; its own words, which may quote anything, are not used."""
    ring = Ring()
    made = KeyringStore(ring, "clio_manage /a")
    made.write("kept")
    ring.locked = True
    for use in (made.read, lambda: made.write("x"), made.delete):
        with pytest.raises(TokenStoreError, match="locked") as caught:
            use()
        assert "canary" not in str(caught.value)
        assert caught.value.__context__ is None
        assert caught.value.exit_code == 3


@pytest.mark.parametrize("kind", [NullKeyring, FailKeyring, PlaintextKeyring])
def test_keyring_that_keeps_no_secret_is_refused(kind: type[KeyringBackend]) -> None:
    """L15: none, one that forgets, and one in plain text are exit 3; the hint names the setting."""
    with pytest.raises(TokenStoreError, match="no keyring that keeps secrets") as caught:
        checked(kind())
    assert "clio_sync.token_store" in caught.value.hint
    assert caught.value.exit_code == 3


def test_best_of_several_keyrings_is_used() -> None:
    """Of a chain only the best backend is ever written to."""
    good = Ring()
    Chain.backends[:] = [PlaintextKeyring(), good]
    Chain.backends[0].priority = 0.5
    assert checked(Chain()) is good  # type: ignore[no-untyped-call]


def test_settings_name_the_place(tmp_path: Path) -> None:
    """A file must be asked for; by default it is the keyring or nothing."""
    asked = Settings(tmp_path, "me", token_store=IN_FILES)
    assert store_for("clio_manage", asked).place == f"file {tmp_path}/tokens/clio_manage.json"
    with pytest.raises(TokenStoreError, match="no keyring"):
        store_for("clio_manage", Settings(tmp_path, "me"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sign_in",
    [
        SIGN_IN,
        SignIn(Secret("a"), None, NOW, None, "", TARGET),
    ],
)
def test_sign_in_is_read_as_it_was_written(sign_in: SignIn) -> None:
    """Everything comes back, and nothing else does."""
    assert SignIn.read(sign_in.text()) == sign_in
    assert SignIn.read(sign_in.text()).fingerprint == sign_in.fingerprint


@pytest.mark.parametrize("text", ["", "[]", "{}", "canary", '{"access_token": "canary"}', "null"])
def test_what_is_no_sign_in_is_told(text: str) -> None:
    """What cannot be read is exit 3, and nothing of it is quoted."""
    with pytest.raises(TokenStoreError) as caught:
        SignIn.read(text)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_sign_in_shows_no_token() -> None:
    """Neither printing it nor its fingerprint tells a token."""
    assert "canary" not in f"{SIGN_IN!r} {SIGN_IN.fingerprint}"


@pytest.mark.parametrize(
    ("life", "after", "ends"),
    [
        (3600, 3539, False),
        (3600, 3540, True),
        (30, 26, False),
        (30, 27, True),
        (0, 0, True),
        (3600, -90_000, False),
    ],
)
def test_token_ends_a_moment_early(life: int, after: int, ends: bool) -> None:
    """It counts as over a minute before its end, or a tenth of its life if that is less."""
    grant = Grant(Secret("new"), None, life, "")
    renewed = SIGN_IN.renewed(grant, NOW)
    assert renewed.ends(NOW.add(seconds=after)) is ends
    assert (renewed.refresh_token, renewed.scope) == (SIGN_IN.refresh_token, "one two")


def test_token_without_an_end_does_not_end() -> None:
    """Where Clio does not say when, only its refusal tells."""
    renewed = SIGN_IN.renewed(Grant(Secret("new"), Secret("r"), None, "three"), NOW)
    assert not renewed.ends(NOW.add(years=50))
    assert (renewed.refresh_token, renewed.scope) == (Secret("r"), "three")


@pytest.mark.parametrize("change", ["access_token", "refresh_token"])
def test_fingerprint_is_of_the_pair(change: str) -> None:
    """Another token of either kind is another pair."""
    text = SIGN_IN.text().replace("canary-" + change.partition("_")[0], "other")
    assert SignIn.read(text).fingerprint != SIGN_IN.fingerprint

"""Settings are dlt's: environment, then secrets.toml, then config.toml; unknown names are told."""

import getpass
from pathlib import Path

import pytest

from pipelines.access.client import oauth_url
from pipelines.config import KNOWN, read_settings
from pipelines.load.products import excluded, masks, off
from sources.clio_http.secret import Secret
from sources.errors import ConfigurationError
from tests.unit.pages import CATALOG

MANAGE = "SOURCES__CLIO_MANAGE__"


def files(folder: Path, config: str = "", secrets: str = "") -> Path:
    """Write the two files of a working folder."""
    dlt = folder / ".dlt"
    dlt.mkdir(exist_ok=True, parents=True)
    (dlt / "config.toml").write_text(config, "utf-8")
    (dlt / "secrets.toml").write_text(secrets, "utf-8")
    return folder


def test_the_defaults(tmp_path: Path) -> None:
    """Without any setting: the folder `data`, this user, the us, no token, nothing excluded."""
    settings = read_settings({}, tmp_path)
    manage = settings.sources["clio_manage"]

    assert (settings.data_dir, settings.actor) == (Path("data"), getpass.getuser())
    assert (manage.region, manage.base_url, manage.access_token) == ("us", "", None)
    assert (manage.reserve, manage.exclude_columns, manage.hash_columns) == (0.0, (), ())
    assert (manage.on, manage.off) == ((), ())
    assert set(settings.sources) == {"clio_manage", "clio_grow"}


def test_environment_before_secrets_before_config(tmp_path: Path) -> None:
    """Each setting is taken from the first place that has it, setting by setting."""
    section = (
        '[clio_sync]\nactor = "{0}"\ndata_dir = "{0}"\n[sources.clio_manage]\nregion = "{1}"\n'
    )
    folder = files(tmp_path, section.format("config", "ca"), section.format("secrets", "eu"))
    assert read_settings({}, folder).actor == "secrets"
    given = {"CLIO_SYNC__ACTOR": "environment", MANAGE + "REGION": "au"}
    settings = read_settings(given, folder)

    assert (settings.actor, settings.data_dir) == ("environment", Path("secrets"))
    assert settings.sources["clio_manage"].region == "au"
    assert read_settings({}, files(tmp_path, section.format("config", "ca"))).actor == "config"


def test_the_token_is_never_shown(tmp_path: Path) -> None:
    """A token from any place is a secret: printing the settings shows none of it."""
    folder = files(tmp_path, secrets='[sources.clio_manage]\naccess_token = "canary-4711"\n')
    settings = read_settings({}, folder)

    assert settings.sources["clio_manage"].access_token == Secret("canary-4711")
    assert "canary" not in repr(settings)
    assert (
        read_settings({MANAGE + "ACCESS_TOKEN": ""}, folder).sources["clio_manage"].access_token
        is None
    )


def test_foreign_settings_are_left_alone(tmp_path: Path) -> None:
    """What is dlt's or another tool's is nobody's business here."""
    folder = files(tmp_path, '[runtime]\nlog_level = "INFO"\n[sources.github]\ntoken = "x"\n')
    theirs = {"SOURCES__OTHER__TOKEN": "x", "CLIO_SYNC__CRASH_AT": "run-started"}
    assert read_settings(theirs, folder) == read_settings({}, files(tmp_path / "none", ""))


@pytest.mark.parametrize("place", ["config", "secrets"])
@pytest.mark.parametrize(
    ("text", "name", "valid"),
    [
        ('[sources.clio_manage]\nregoin = "us"', "sources.clio_manage.regoin", "region"),
        ('[clio_sync]\ndata = "x"', "clio_sync.data", "clio_sync.data_dir"),
        ("[sources.clio_grow]\nfull = true", "sources.clio_grow.full", "sources.clio_grow.on"),
        ("[sources.clio_mange]\non = []", "sources.clio_mange.on", "clio_sync.actor"),
    ],
)
def test_an_unknown_key_is_told_with_the_valid_ones(
    tmp_path: Path, place: str, text: str, name: str, valid: str
) -> None:
    """A typing error never passes for a default."""
    with pytest.raises(ConfigurationError, match=f"unknown setting {name}; valid are") as raised:
        read_settings({}, files(tmp_path, **{place: text}))
    assert valid in str(raised.value)
    assert raised.value.exit_code == 2


def test_an_unknown_variable_is_told_as_well(tmp_path: Path) -> None:
    """A typing error in the environment never passes for a default either."""
    with pytest.raises(ConfigurationError, match="unknown setting"):
        read_settings({MANAGE + "REGOIN": "eu"}, tmp_path)


@pytest.mark.parametrize("region", ["uk", "US", "", "us "])
def test_a_bad_region_is_told_with_the_valid_ones(tmp_path: Path, region: str) -> None:
    """There are four regions, and nothing is guessed."""
    with pytest.raises(ConfigurationError, match="valid are us, ca, eu, au"):
        read_settings({MANAGE + "REGION": region}, tmp_path)


@pytest.mark.parametrize(
    ("settings", "valid"),
    [
        ({"CLIO_MANAGE__REGION": "us", "CLIO_MANAGE__BASE_URL": "https://eu.app.clio.com"}, "app."),
        ({"CLIO_MANAGE__BASE_URL": "https://grow.clio.com"}, "app.clio.com"),
        ({"CLIO_MANAGE__BASE_URL": "https://ca.auth.api.clio.com"}, "ca.app.clio.com"),
        ({"CLIO_GROW__BASE_URL": "https://au.app.clio.com"}, "au.api.clio.com, au.grow.clio.com"),
        (
            {"CLIO_GROW__REGION": "eu", "CLIO_GROW__BASE_URL": "https://api.clio.com/grow"},
            "eu.api.clio.com, eu.grow.clio.com",
        ),
    ],
)
def test_a_base_url_is_of_its_product_and_region(
    tmp_path: Path, settings: dict[str, str], valid: str
) -> None:
    """O1: a token goes to no other product of Clio's and to no other region; the hosts are told."""
    environ = {f"SOURCES__{name}": value for name, value in settings.items()}
    with pytest.raises(ConfigurationError, match=f"valid are {valid}") as caught:
        read_settings(environ, tmp_path)
    assert caught.value.exit_code == 2


def test_a_base_url_tells_the_region(tmp_path: Path) -> None:
    """One signs in where the API is, without a setting for that."""
    base = "https://eu.api.clio.com/grow"
    grow = read_settings({"SOURCES__CLIO_GROW__BASE_URL": base}, tmp_path).sources["clio_grow"]
    assert (grow.region, oauth_url("clio_grow", grow)) == ("eu", "https://eu.auth.api.clio.com")


def test_a_reserve_is_a_number(tmp_path: Path) -> None:
    """The share that is left to other integrations."""
    assert (
        read_settings({MANAGE + "RESERVE": "0.25"}, tmp_path).sources["clio_manage"].reserve == 0.25
    )
    with pytest.raises(ConfigurationError, match="reserve is not a number"):
        read_settings({MANAGE + "RESERVE": "a quarter"}, tmp_path)


def test_a_base_url_has_no_slash_at_its_end(tmp_path: Path) -> None:
    """The path is appended, so one slash is enough."""
    settings = read_settings({MANAGE + "BASE_URL": "http://127.0.0.1:8765/"}, tmp_path)
    assert settings.sources["clio_manage"].base_url == "http://127.0.0.1:8765"


def test_the_version_of_grow_and_the_slice(tmp_path: Path) -> None:
    """Grow has two versions and Manage one; the slice is a number of lists for each product."""
    sources = read_settings({}, tmp_path).sources
    assert {name: one.api_version for name, one in sources.items()} == {
        "clio_manage": "",
        "clio_grow": "v2",
    }
    assert {one.rolling_slice for one in sources.values()} == {200}
    given = {"SOURCES__CLIO_GROW__API_VERSION": "v1", "SOURCES__CLIO_GROW__ROLLING_SLICE": "0"}
    grow = read_settings(given, tmp_path).sources["clio_grow"]
    assert (grow.api_version, grow.rolling_slice) == ("v1", 0)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CLIO_GROW__API_VERSION", "v3", "valid are v2, v1"),
        ("CLIO_MANAGE__API_VERSION", "v2", "unknown setting"),
        ("CLIO_GROW__ROLLING_SLICE", "-1", "is not a number of lists"),
        ("CLIO_MANAGE__ROLLING_SLICE", "some", "is not a number of lists"),
    ],
)
def test_other_versions_and_slices_are_told(
    tmp_path: Path, name: str, value: str, told: str
) -> None:
    """Nothing is guessed."""
    with pytest.raises(ConfigurationError, match=told):
        read_settings({f"SOURCES__{name}": value}, tmp_path)


LISTS = ["notes.detail,matters.description", '["notes.detail", "matters.description"]']


@pytest.mark.parametrize("text", LISTS)
def test_a_list_in_the_environment(tmp_path: Path, text: str) -> None:
    """Names are parted by commas, with or without brackets and quotes."""
    settings = read_settings({MANAGE + "EXCLUDE_COLUMNS": text}, tmp_path)
    expected = ("notes.detail", "matters.description")
    assert settings.sources["clio_manage"].exclude_columns == expected


def test_a_list_in_a_file(tmp_path: Path) -> None:
    """TOML's own list; anything else that is no list is refused."""
    folder = files(tmp_path, '[sources.clio_manage]\noff = ["webhooks"]\n')
    assert read_settings({}, folder).sources["clio_manage"].off == ("webhooks",)
    with pytest.raises(ConfigurationError, match="list of names"):
        read_settings({}, files(tmp_path, "[sources.clio_manage]\noff = 5\n"))


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """The file is named; nothing of its content is quoted, it may hold a token."""
    folder = files(tmp_path, secrets="access_token = canary-4711 oops")
    with pytest.raises(ConfigurationError, match=r"^secrets.toml is not valid TOML$"):
        read_settings({}, folder)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """A file of bytes ends in a sentence, not in a failure of the program."""
    (files(tmp_path) / ".dlt" / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"config\.toml"):
        read_settings({}, tmp_path)


def test_every_known_setting_is_one_that_a_variable_can_name() -> None:
    """Names hold no capital letter, since the environment's are folded to lower case."""
    assert all(name == name.lower() for name in KNOWN)


def test_on_and_off_name_collections(tmp_path: Path) -> None:
    """Off by default or by setting, on by setting; another name is told."""
    settings = read_settings(
        {MANAGE + "OFF": "webhooks", MANAGE + "ON": "document_versions"}, tmp_path
    )
    assert off(CATALOG, settings.sources["clio_manage"]) == {"webhooks", "matter_related_contacts"}

    typo = read_settings({MANAGE + "OFF": "webhook"}, tmp_path)
    with pytest.raises(ConfigurationError, match=r"unknown collection webhook; .*resources"):
        off(CATALOG, typo.sources["clio_manage"])


def test_a_column_to_leave_out_is_a_field_to_leave_out(tmp_path: Path) -> None:
    """A column names the field that is not asked for, inside an object too."""
    given = "matters.description,matters.custom_rate__type"
    settings = read_settings({MANAGE + "EXCLUDE_COLUMNS": given}, tmp_path)
    assert excluded(CATALOG, settings.sources["clio_manage"]) == {
        "matters": {"description", "custom_rate.type"}
    }


@pytest.mark.parametrize("column", ["matters.nothing", "nothing.id", "matters", "matters.id"])
def test_a_column_that_cannot_be_left_out_is_told(tmp_path: Path, column: str) -> None:
    """An unknown column, and a part of the key, are refused."""
    settings = read_settings({MANAGE + "EXCLUDE_COLUMNS": column}, tmp_path)
    with pytest.raises(ConfigurationError, match=column):
        excluded(CATALOG, settings.sources["clio_manage"])


def test_only_text_can_be_hashed(tmp_path: Path) -> None:
    """A date or a number has too few values to be hidden by a hash."""
    settings = read_settings({MANAGE + "HASH_COLUMNS": "matters.open_date"}, tmp_path)
    with pytest.raises(ConfigurationError, match="is not text"):
        masks(CATALOG, settings.sources["clio_manage"], tmp_path)

"""A firm whose operations person signs in, instead of handing over a token."""

import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from pipelines.access.client import application, open_client, target
from pipelines.access.signin import SignIn, expiry
from pipelines.access.tokens import FOLDER, FileStore
from pipelines.config import IN_FILES, Settings, SourceSettings
from pipelines.context import Context
from pipelines.progress import Lines
from sources.clio_http.client import WHO_AM_I
from sources.clio_http.clock import SystemClock
from sources.clio_http.oauth import OAuth
from sources.clio_http.secret import Secret
from sources.clio_simulator import Simulator
from tests.system.firm import Firm
from tests.system.grow_firm import GrowFirm
from tests.system.process import environment

MANAGE, GROW = "clio_manage", "clio_grow"
SIMULATED = Secret("simulator-refresh")


@dataclass
class SignedInFirm(Firm):
    """A firm without a token in its settings; sign-ins are kept in files."""

    application: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Return the settings of a load of this firm."""
        usual, switches = super().settings, self.clio.switches
        changes = {
            "access_token": None,
            "client_id": switches.client_id,
            "client_secret": Secret(switches.client_secret),
            "redirect_port": free_port(),
            **self.application,
        }
        grow = SourceSettings(base_url=self.clio.grow_url, **grow_application(self.clio))
        manage = replace(usual.sources[MANAGE], **changes)
        return replace(usual, sources={MANAGE: manage, GROW: grow}, token_store=IN_FILES)

    @property
    def work(self) -> Context:
        """Return what the commands of sign-in work with."""
        return Context(self.settings, SystemClock(), Lines(self.log), threading.Event())

    @property
    def store(self) -> FileStore:
        """Return the place of the sign-in to Manage."""
        return FileStore(self.folder, MANAGE)

    @property
    def kept(self) -> SignIn:
        """Return the sign-in that is kept."""
        return SignIn.read(self.store.read() or "")

    @property
    def token_calls(self) -> int:
        """Return how often Clio was asked for tokens."""
        return len(self.clio.world.oauth.calls)

    def sign_in(self, refresh_token: Secret = SIMULATED) -> None:
        """Keep a sign-in that Clio knows, as `auth login` leaves it; no call counts for it."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        clock, options = SystemClock(), self.settings.sources[MANAGE]
        grant = OAuth(application(MANAGE, options), clock).refreshed(refresh_token)
        self.clio.world.oauth.calls.clear()
        now = clock.now()
        made = SignIn(
            grant.access_token,
            grant.refresh_token,
            now,
            expiry(grant, now),
            grant.scope,
            target(MANAGE, options),
        )
        self.store.write(made.text())

    def ask(self) -> None:
        """Open a client as every command does, and ask who this is."""
        clock, stop = SystemClock(), threading.Event()
        with open_client(MANAGE, self.settings, clock, stop) as client:
            client.get(WHO_AM_I)

    def expire(self) -> None:
        """Let the access token that is kept be over, at Clio and by what is known of it here."""
        kept = self.kept
        self.clio.switches.tokens.discard(kept.access_token.reveal())
        self.store.write(replace(kept, expires_at=kept.issued_at).text())


@dataclass
class SignedInGrow(GrowFirm):
    """The same for Clio Grow."""

    @property
    def settings(self) -> Settings:
        """Return the settings of a load of this firm."""
        usual = super().settings
        changes = {"access_token": None, **grow_application(self.clio)}
        grow = replace(usual.sources[GROW], **changes)
        return replace(usual, sources={**usual.sources, GROW: grow}, token_store=IN_FILES)

    @property
    def work(self) -> Context:
        """Return what the commands of sign-in work with."""
        return Context(self.settings, SystemClock(), Lines(self.log), threading.Event())


def grow_application(clio: Simulator) -> dict[str, Any]:
    """Return the settings of an application that Grow knows."""
    return {
        "oauth_url": clio.grow_url,
        "client_id": clio.switches.grow_client_id,
        "client_secret": Secret(clio.switches.grow_client_secret),
        "redirect_port": free_port(),
    }


def signing(folder: Path, clio: Simulator, **more: str) -> dict[str, str]:
    """Return the environment of a person who may sign in to both products, without any token."""
    script = Path(__file__).with_name("browser.py")
    switches = clio.switches
    return environment(
        folder,
        None,
        **{
            "CLIO_SYNC__TOKEN_STORE": IN_FILES,
            "BROWSER": f"{sys.executable} {script} %s",
            "SOURCES__CLIO_MANAGE__BASE_URL": clio.url,
            "SOURCES__CLIO_MANAGE__CLIENT_ID": switches.client_id,
            "SOURCES__CLIO_MANAGE__CLIENT_SECRET": switches.client_secret,
            "SOURCES__CLIO_MANAGE__REDIRECT_PORT": str(free_port()),
            "SOURCES__CLIO_GROW__BASE_URL": clio.grow_url,
            "SOURCES__CLIO_GROW__OAUTH_URL": clio.grow_url,
            "SOURCES__CLIO_GROW__CLIENT_ID": switches.grow_client_id,
            "SOURCES__CLIO_GROW__CLIENT_SECRET": switches.grow_client_secret,
            "SOURCES__CLIO_GROW__REDIRECT_PORT": str(free_port()),
            **more,
        },
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def secrets_of(clio: Simulator) -> set[str]:
    """Return everything that a sign-in to this Clio must keep to itself."""
    switches = clio.switches
    return {
        *clio.world.oauth.made,
        *clio.world.grow.oauth.made,
        *switches.tokens,
        *switches.refresh_tokens,
        *switches.grow_tokens,
        *switches.grow_refresh_tokens,
        switches.client_secret,
        switches.grow_client_secret,
    }


def told(clio: Simulator, folder: Path, *texts: str) -> list[str]:
    """Name each place, but for where sign-ins are kept, in which one of these secrets stands."""
    secrets = secrets_of(clio)
    kept = folder / FOLDER
    files = [p for p in folder.parent.rglob("*") if p.is_file() and kept not in p.parents]
    held = [str(p) for p in files if any(secret.encode() in p.read_bytes() for secret in secrets)]
    return held + [text for text in texts if any(secret in text for secret in secrets)]


def play(url: str) -> bool:
    """Play the browser: open a page and go wherever it leads."""
    with httpx.Client(follow_redirects=True, trust_env=False) as http:
        return http.get(url).status_code == httpx.codes.OK

"""The simulator in a process of its own: started, warmed, changed, asked what it was asked."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from . import questions
from .questions import Place

ROOT = Path(__file__).parents[2]
HOUR = 3600


def corrected(name: str, number: int) -> dict[str, Any]:
    """Return what a record is changed to; each `number` gives another content."""
    if name == "activities":
        return {"note": f"Corrected {number}", "total": 12.34 + number}
    return {"title": f"Changed {number}"}


class Clio:
    """A running simulator and its control interface."""

    def __init__(self, url: str, token: str, client: httpx.Client) -> None:
        """Keep where it is."""
        self.url = url
        self.token = token
        self._client = client
        self._passed = 0.0

    def place(self, folder: Path) -> Place:
        """Return this simulator and a folder to load it into."""
        return Place(self.url, self.token, folder)

    def warm(self) -> None:
        """Ask for every page once, so that no way pays for the writing of a record."""
        for collection in questions.collections():
            address: str | None = f"{self.url}/{questions.path(collection)}"
            parameters: dict[str, str] | None = questions.parameters(collection)
            while address:
                answer = self._client.get(address, params=parameters).raise_for_status()
                body = answer.content
                meta = orjson.loads(b"{" + body[body.rindex(b'"meta"') :])["meta"]
                address, parameters = meta["paging"].get("next"), None

    def change(self, number: int, every: int = 100) -> int:
        """Change one record in a hundred, other ones for each `number`, and count them."""
        changed = 0
        for name in questions.NAMES:
            for key in self._ids(name)[number % every :: every]:
                self._change(name, key, number)
                changed += 1
        return changed

    def _change(self, name: str, key: int, number: int) -> None:
        fields = corrected(name, number)
        body = {"operation": "update", "collection": name, "id": key, "fields": fields}
        self._client.post(f"{self.url}/_simulator/changes", json=body).raise_for_status()

    def _ids(self, name: str) -> list[int]:
        """Read the ids of a list, as anyone may."""
        ids: list[int] = []
        address: str | None = f"{self.url}/api/v4/{name}.json"
        parameters: dict[str, str] | None = {"fields": "id", "limit": "200", "order": "id(asc)"}
        while address:
            page = self._client.get(address, params=parameters).raise_for_status().json()
            ids += [record["id"] for record in page["data"]]
            address, parameters = page["meta"]["paging"].get("next"), None
        return ids

    def pass_time(self, seconds: float = HOUR) -> None:
        """Let time pass, as it does between two loads."""
        address = f"{self.url}/_simulator/clock"
        self._client.patch(address, json={"advance": seconds}).raise_for_status()
        self._passed += seconds

    def now(self, module: Sequence[str]) -> tuple[str, ...]:
        """Return what is to be run for a module, on a machine where as much time has passed."""
        return ("tests.benchmarks.later", str(self._passed), *module)

    def asked(self) -> int:
        """Count the requests to the API since this was last asked, and forget them."""
        address = f"{self.url}/_simulator/requests"
        count = len(self._client.get(address).raise_for_status().json()["data"])
        self._client.delete(address)
        return count


@contextmanager
def clio(arguments: Sequence[str]) -> Iterator[Clio]:
    """Run a simulator without a rate limit while the context lasts."""
    command = [sys.executable, "-m", "sources.clio_simulator", "--port", "0", "--rate-limit", "0"]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        announced = orjson.loads(process.stdout.readline() if process.stdout else b"")
        headers = {"Authorization": f"Bearer {announced['token']}"}
        with httpx.Client(headers=headers, timeout=300, trust_env=False) as client:
            yield Clio(announced["url"], announced["token"], client)
    finally:
        process.terminate()
        process.wait(30)

"""Reports: asked for by a POST, made after a while, and fetched from a storage of their own."""

import csv
import io
import json
import re
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import values
from .books import Books, rows_of
from .changes import Changes
from .errors import Refusal, not_found
from .store import Row, Store
from .switches import Switches

STORAGE = "/_storage/reports"
ASKED = "_asked"
"""The mark of a report that was asked for here, and is not one of the seed."""
_DOWNLOAD = re.compile(r"reports/([0-9]+)/download")
UNPROCESSABLE, SEE_OTHER = 422, 303


class Reports:
    """Make reports, and keep them for who fetches them."""

    def __init__(self, store: Store, changes: Changes, switches: Switches) -> None:
        """Begin with none made."""
        self.store = store
        self.changes = changes
        self.switches = switches
        self.contents: dict[str, bytes] = {}
        self.names: dict[int, str] = {}

    def settle(self, now: int) -> None:
        """Make the reports that are due by now, in milliseconds since 1970."""
        rows = self.store["reports"].rows.values()
        for row in [one for one in rows if one.get(ASKED) and one["state"] == "queued"]:
            if now - row["created_at"] >= self.switches.report_seconds * 1000:
                self._make(row, now)

    def _make(self, row: Row, now: int) -> None:
        if self.switches.report_fails:
            self.changes.update("reports", row["id"], {"state": "failed"})
            return
        today = values.stamp(now)[:10]
        period = (str(row.get("start_date") or ""), str(row.get("end_date") or ""))
        rows = rows_of(row["kind"], Books(self.store, self.switches, today, *period))
        name = sha256(f"report {row['id']}".encode()).hexdigest()[:32]
        self.contents[name] = _written(row["format"], rows)
        self.names[row["id"]] = name
        state = "completed" if rows else "empty"
        self.changes.update("reports", row["id"], {"state": state, "progress": 100})

    def download(self, path: str, host: str) -> Response | None:
        """Answer a download with the address in the storage; None where the path is none.

        `host` is the address that the server was asked by, with a slash at its end.
        """
        found = _DOWNLOAD.fullmatch(path)
        if found is None:
            return None
        key = int(found[1])
        if self.store["reports"].get(key) is None:
            raise not_found()
        if key not in self.names:
            raise Refusal(422, "The report is not completed", "NotReady")
        address = f"{host.rstrip('/')}{STORAGE}/{self.names[key]}"
        return Response(b"", SEE_OTHER, {"Location": address})

    def fetch(self, request: Request) -> Response:
        """Answer as a storage does: who knows the address may read, and no token is taken."""
        if "authorization" in request.headers:
            return Response(b"only one way to authorise", 400)
        data = self.contents.get(request.path_params["name"])
        return Response(data or b"", 404 if data is None else 200, media_type="text/csv")

    def routes(self) -> list[Route]:
        """Give the routes of the storage."""
        return [Route(f"{STORAGE}/{{name}}", self.fetch)]


def _written(kind: str, rows: list[dict[str, str]]) -> bytes:
    if kind == "json":
        return json.dumps(rows).encode()
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")

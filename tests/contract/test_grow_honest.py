"""Everything that the simulated Grow answers is what `grow-schema.yaml` describes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.grow_records import INVENTED_SCOPES, OPERATIONS, SCOPES, SHAPES
from tests.contract.schemas import FORMATS

pytestmark = pytest.mark.shared

VALUES = {"include": "custom_field_values"}
NOTE = {"subject": "Call ✓", "body": "Called back"}
LEAD = {
    "first_name": "Ash",
    "last_name": "Reed",
    "from_message": "Please call",
    "referring_url": "https://example.com/form",
    "from_source": "Form",
}
BODIES: dict[str, dict[str, Any]] = {
    "/contacts/{contact_id}/notes": NOTE,
    "/matters/{matter_id}/notes": NOTE,
    "/inbox_leads": {**LEAD, "email": "ash@example.com", "matter_type": {"id": 92_001}},
    "/custom_actions": {
        "label": "Open it",
        "target_url": "https://tools.example.com/x",
        "ui_reference": "matters/show",
    },
    "/sources": {"name": "New source"},
    "/matter_types": {"name": "New type"},
    "/locations": {"name": "New place"},
}


@pytest.fixture(scope="module")
def document(shared: Path) -> dict[str, Any]:
    """Return the description of Grow's API, which is not part of this repository."""
    text = (shared / "reference" / "grow-schema.yaml").read_text("utf-8")
    described: dict[str, Any] = yaml.safe_load(text)
    return described


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(seed=7, rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


class Honesty:
    """Ask a simulator, and hold each answer against the document."""

    def __init__(self, clio: Simulator, document: dict[str, Any]) -> None:
        """Turn every schema of the document into one that allows nothing else."""
        self.clio = clio
        self.document = document
        self.definitions = {
            name: _strict(schema) for name, schema in document["components"]["schemas"].items()
        }
        self.http = httpx.Client(base_url=clio.grow_url, headers=clio.grow_headers, timeout=5)
        self.seen: set[tuple[str, str, int]] = set()

    def ask(self, method: str, path: str, **asked: Any) -> httpx.Response:
        """Ask for a path of the document and check the answer; `at` is the address."""
        address = asked.pop("at", path)
        answer = self.http.request(method, address, **asked)
        status = str(answer.status_code)
        responses = self.document["paths"][path][method.lower()]["responses"]
        assert status in responses, (method, address, answer.text)
        described = self._followed(responses[status])
        if "content" not in described:
            assert answer.content == b""
        else:
            (content,) = described["content"].values()
            schema = {**_strict(content["schema"]), "$defs": self.definitions}
            found = Draft202012Validator(schema, format_checker=FORMATS).iter_errors(answer.json())
            problems = [f"{list(e.path)}: {e.message}" for e in found]
            assert not problems, (method, address, status, problems[:5])
        self.seen.add((method, path, answer.status_code))
        return answer

    def _followed(self, described: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in described:
            return described
        name = described["$ref"].rsplit("/", 1)[-1]
        response: dict[str, Any] = self.document["components"]["responses"][name]
        return response

    def addresses(self, path: str) -> Iterator[str]:
        """Yield the addresses of a path: one for each record where an id stands in it."""
        if "{" not in path:
            yield path
            return
        for row in self._records(path.split("/")[1]):
            yield path.replace(path.split("/")[2], str(row["id"]))

    def _records(self, collection: str) -> list[dict[str, Any]]:
        """Return the records that can be asked for; of leads those that are listed."""
        if collection != "inbox_leads":
            return self.clio.dump(f"grow.{collection}")
        lists = [self.http.get("/inbox_leads", params=asked) for asked in _variants("/inbox_leads")]
        return [row for answer in lists for row in answer.json()["data"]]

    def all_lists_and_records(self) -> dict[str, list[dict[str, Any]]]:
        """Ask for everything that can be read, and give it by path."""
        read: dict[str, list[dict[str, Any]]] = {}
        for operation in _reading(self.document):
            for address in self.addresses(operation):
                for parameters in _variants(operation):
                    body = self.ask("GET", operation, at=address, params=parameters).json()["data"]
                    read.setdefault(operation, []).extend(
                        body if isinstance(body, list) else [body]
                    )
        return read


def _reading(document: dict[str, Any]) -> list[str]:
    return [path for path, item in document["paths"].items() if "get" in item]


def _variants(path: str) -> list[dict[str, str]]:
    if path == "/inbox_leads":
        return [{"state": "untriaged"}, {"state": "ignored"}]
    with_values = path in {"/contacts", "/contacts/{id}", "/matters", "/matters/{id}"}
    return [{}, VALUES] if with_values else [{}]


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Turn a schema of OpenAPI 3.0 into one that says what may be null, and allows no more keys."""
    if "$ref" in schema:
        return {"$ref": "#/$defs/" + schema["$ref"].rsplit("/", 1)[-1]}
    strict: dict[str, Any] = {
        name: schema[name]
        for name in ("enum", "format", "maxLength", "minLength", "pattern", "required", "type")
        if name in schema
    }
    if "properties" in schema:
        strict["properties"] = {name: _strict(each) for name, each in schema["properties"].items()}
        strict["additionalProperties"] = False
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    for name in ("allOf", "oneOf"):
        if name in schema:
            strict[name] = [_strict(each) for each in schema[name]]
    return {"anyOf": [{"type": "null"}, strict]} if schema.get("nullable") else strict


@pytest.fixture
def honesty(clio: Simulator, document: dict[str, Any]) -> Iterator[Honesty]:
    """Return what holds answers against the document."""
    honesty = Honesty(clio, document)
    yield honesty
    honesty.http.close()


def test_operations_are_those_of_the_document(document: dict[str, Any]) -> None:
    """Methods, paths, scopes and parameters are the same, and the scopes are the 17 known ones."""
    described = {}
    for path, item in document["paths"].items():
        for method in item.keys() & {"get", "post", "delete", "patch", "put"}:
            operation = item[method]
            names = {_name(document, parameter) for parameter in operation.get("parameters", ())}
            shape = "/".join("#" if "{" in part else part for part in path[1:].split("/"))
            ids = {"id", "contact_id", "matter_id"}
            described[method.upper(), shape] = (operation["x-scope"], names - ids)
    ours = {
        (o.method, o.path): (None if o.scope in INVENTED_SCOPES else o.scope, set(o.takes))
        for o in OPERATIONS
    }
    assert ours == described
    assert len(ours) == 24
    assert sorted(document["x-oauth"]["scopes"]) == sorted(SCOPES)


def _name(document: dict[str, Any], parameter: dict[str, Any]) -> str:
    if "$ref" in parameter:
        parameter = document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[-1]]
    return str(parameter["name"])


def test_records_hold_what_the_document_names(document: dict[str, Any]) -> None:
    """The keys of each record are those of its schema, in v1 those of the early reference."""
    schemas, early = document["components"]["schemas"], document["x-v1-early-access"]
    kinds = {"contact_notes": "note", "matter_notes": "note", "users_who_am_i": "user"}
    for name, shape in SHAPES.items():
        schema = schemas[kinds.get(name, name.removesuffix("s"))]["properties"]
        stable = {key for key, each in schema.items() if not each.get("x-unstable")}
        extra = {"custom_field_values", "redacted_fields", "picklist_options"}
        assert set(shape.fields) == stable - extra, name
    for name in ("contact", "matter"):
        assert set(SHAPES[f"{name}s"].early) == set(early[f"{name}_fields"])


def test_everything_that_can_be_read_validates(honesty: Honesty) -> None:
    """Each list, each record and each list of notes of the seeded firm is as described."""
    read = honesty.all_lists_and_records()
    assert set(read) == set(_reading(honesty.document))
    assert all(len(rows) >= 2 for path, rows in read.items() if not path.endswith("who_am_i"))


def test_every_field_has_a_value_somewhere(honesty: Honesty) -> None:
    """No field is null or empty in every record of the firm."""
    for name, shape in SHAPES.items():
        rows = honesty.clio.dump(f"grow.{name}")
        empty = [f for f in shape.fields if all(row[f] in (None, [], {}) for row in rows)]
        assert not empty, (name, empty)


def test_everything_validates_after_changes(honesty: Honesty) -> None:
    """So it is when leads were accepted, matters pushed, types renamed, and much was hidden."""
    clio = honesty.clio
    leads = [r["id"] for r in clio.dump("grow.inbox_leads") if r["state"] == "untriaged"]
    for key in leads[:5]:
        clio.changes.accept_lead(key)
    for row in clio.dump("grow.matters"):
        if row["clio_id"] is None:
            clio.changes.convert(row["id"])
    clio.changes.rename_matter_type(92_002, "Erbrecht ✓")
    clio.changes.add("grow.contacts", {"name": "New", "type": "Company"})
    clio.changes.add("grow.matters", {})
    clio.changes.remove("grow.contacts", min(clio.grow_store["grow.contacts"].rows))
    clio.switches.grow_missing_scopes = {"grow_lead_inbox_all_read", "grow_custom_field_read"}
    clio.switches.grow_redacted = {"matters.hired_date"}
    clio.switches.grow_nulls_in_paging = True
    clio.switches.grow_lead_rollout = False
    clio.switches.milliseconds = True
    read = honesty.all_lists_and_records()
    assert any("redacted_fields" in row for row in read["/matters"])


@pytest.mark.parametrize("base", ["server", "server_plus_v2", "grow_host_api_v2"])
def test_links_validate(honesty: Honesty, base: str) -> None:
    """Pages with links in both directions are as described, on every base."""
    honesty.clio.switches.grow_page_size = 2
    honesty.clio.switches.grow_next_base = base  # type: ignore[assignment]
    for path in (path for path in _reading(honesty.document) if "{" not in path):
        if path.endswith("who_am_i"):
            continue
        asked = _variants(path)[0]
        link = honesty.ask("GET", path, params=asked).json()["meta"]["paging"]["next"]
        token = httpx.URL(link).params["page_token"]
        page = honesty.ask("GET", path, params={**asked, "page_token": token}).json()
        assert page["meta"]["paging"]["previous"]


def test_creates_validate(honesty: Honesty) -> None:
    """Each of the seven creates answers as described, and so does what cannot be created."""
    for path, body in BODIES.items():
        address = path.format(contact_id=71_000_001, matter_id=72_000_001)
        made = honesty.ask("POST", path, at=address, json={"data": body})
        assert made.status_code == 201, made.text
        assert honesty.ask("POST", path, at=address, json={"data": {}}).status_code == 422
        assert honesty.ask("POST", path, at=address, content=b"{").status_code == 400
    actions = honesty.clio.dump("grow.custom_actions")
    gone = "/custom_actions/{id}"
    assert honesty.ask("DELETE", gone, at=f"/custom_actions/{actions[0]['id']}").status_code == 204
    assert honesty.ask("DELETE", gone, at="/custom_actions/1").status_code == 404
    posts = {path for method, path, status in honesty.seen if (method, status) == ("POST", 201)}
    assert posts == {path for path, item in honesty.document["paths"].items() if "post" in item}


def test_refusals_validate(honesty: Honesty) -> None:
    """401, 403, 404 and 400 have the shape that the document gives them, on every path."""
    switches = honesty.clio.switches
    for path in _reading(honesty.document):
        asked = {"params": _variants(path)[0], "at": next(honesty.addresses(path))}
        foreign = {"Authorization": "Bearer foreign"}
        assert honesty.ask("GET", path, headers=foreign, **asked).status_code == 401
        switches.grow_missing_scopes = {o.scope for o in OPERATIONS}
        assert honesty.ask("GET", path, **asked).status_code == 403
        switches.grow_missing_scopes = set()
        if "{" in path:
            nobody = path.replace(path.split("/")[2], "1")
            assert honesty.ask("GET", path, at=nobody).status_code == 404
        elif not path.endswith("who_am_i"):
            wrong = honesty.ask("GET", path, params={**_variants(path)[0], "ids[]": "x"})
            assert wrong.status_code == 400


def test_too_many_validates(honesty: Honesty) -> None:
    """Both bodies of a 429 are as described."""
    switches = honesty.clio.switches
    switches.rate_limit, switches.grow_rate_limit = 50, 1
    honesty.ask("GET", "/users")
    for body in ("message", "error"):
        switches.grow_429_body = body
        assert honesty.ask("GET", "/users").status_code == 429


def test_unchanged_validates(honesty: Honesty) -> None:
    """A record that has not changed is answered by an empty 304."""
    for path in ("/contacts/{id}", "/matters/{id}"):
        address = next(honesty.addresses(path))
        tag = honesty.ask("GET", path, at=address).headers["ETag"]
        same = honesty.ask("GET", path, at=address, headers={"If-None-Match": tag})
        assert same.status_code == 304


def test_surprises_are_beyond_the_document(honesty: Honesty) -> None:
    """The switch for what nobody documented does give what nobody documented."""
    honesty.clio.switches.grow_surprises = True
    with pytest.raises(AssertionError, match="new_key"):
        honesty.ask("GET", "/contacts")

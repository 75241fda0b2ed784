"""One record as an answer: its fields, its entity tag and the moment of its last change."""

from collections.abc import Mapping

from starlette.responses import Response

from . import errors, etags, inner, values
from .render import Rendering
from .store import Row, moment
from .world import World


class Records:
    """Answer with single records."""

    def __init__(self, world: World) -> None:
        """Keep the world that is shown."""
        self.world = world

    def rendering(self, name: str, given: Mapping[str, list[str]]) -> Rendering:
        """Give the rendering of the fields that a request asks for."""
        text = given.get("fields", [""])[0]
        own = name in inner.SCHEMAS
        return self.world.renderer.rendering(name, self._schema(name), text, own_rows=own)

    def tag(self, name: str, row: Row) -> str:
        """Give a record's entity tag, empty where it has none."""
        return self.world.renderer.etag(name, self._schema(name), row)

    def _schema(self, name: str) -> str:
        catalog = self.world.catalog
        if name in inner.SCHEMAS:
            return inner.SCHEMAS[name]
        return (catalog.collections.get(name) or catalog.singletons[name]).schema

    def headers(self, name: str, row: Row) -> dict[str, str]:
        """Give the headers that come with a record."""
        headers = {"Content-Type": errors.JSON_TYPE}
        tag = etags.header(self.tag(name, row), self.world.switches)
        if tag:
            headers["ETag"] = tag
        if "updated_at" in row:
            headers["Last-Modified"] = values.http_date(moment(row["updated_at"]))
        return headers

    def body(self, row: Row, rendering: Rendering, given: Mapping[str, list[str]]) -> bytes:
        """Write a record; `custom_field_ids[]` leaves the values of those custom fields alone."""
        wanted = given.get("custom_field_ids[]")
        if not wanted:
            return rendering(row)
        values_ = row.get("custom_field_values", ())
        kept = [value for value in values_ if str(value["custom_field"]) in wanted]
        return values.dump(rendering.plan({**row, "custom_field_values": kept}))

    def answer(
        self,
        name: str,
        row: Row,
        rendering: Rendering,
        given: Mapping[str, list[str]],
        status: int = 200,
    ) -> Response:
        """Answer with a record."""
        rendering.refresh()
        body = b'{"data":' + self.body(row, rendering, given) + b"}"
        return Response(body, status, self.headers(name, row))

"""Way (b): dlt's own `rest_api` source, set up as its documentation shows it.

`python -m tests.benchmarks.rest_api` loads what is new; Parquet files and a merge by id.
"""

import os
from typing import TYPE_CHECKING, Any

import dlt
from dlt.sources.rest_api import rest_api_source

from sources.clio_http.catalog import Collection

from .questions import FILE, Place, collections, parameters, path

if TYPE_CHECKING:
    from dlt.sources.rest_api.typing import RESTAPIConfig

BEGINNING = "2000-01-01T00:00:00Z"


def resource(collection: Collection) -> dict[str, Any]:
    """Describe one list: what is asked, and where its watermark comes from."""
    since = {
        "start_param": "updated_since",
        "cursor_path": "updated_at",
        "initial_value": BEGINNING,
    }
    return {
        "name": collection.name,
        "endpoint": {
            "path": path(collection),
            "params": {
                # literal braces: single ones would be dlt's own expressions
                name: text.replace("{", "{{").replace("}", "}}")
                for name, text in parameters(collection).items()
            },
            "data_selector": "data",
            "incremental": since,
        },
    }


def main() -> None:
    """Run the pipeline once."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    place = Place.from_environment()
    place.folder.mkdir(parents=True, exist_ok=True)
    config: RESTAPIConfig = {
        "client": {
            "base_url": place.url + "/",
            "headers": {k: v for k, v in place.headers.items() if k != "Authorization"},
            "auth": {"type": "bearer", "token": place.token},
            "paginator": {"type": "json_link", "next_url_path": "meta.paging.next"},
        },
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [resource(collection) for collection in collections()],  # type: ignore[misc]
    }
    pipeline = dlt.pipeline(
        "rest_api",
        destination=dlt.destinations.duckdb(str(place.folder / FILE)),
        dataset_name="firm",
        pipelines_dir=str(place.folder / "pipelines"),
    )
    pipeline.run(rest_api_source(config), loader_file_format="parquet")


if __name__ == "__main__":
    main()

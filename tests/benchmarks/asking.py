"""A command with its requests timed: what is left of the wall time is the project's own work.

`python -m tests.benchmarks.asking FILE reconcile …` runs `clio-sync reconcile …` in this process
and writes into FILE how many requests there were, and the seconds from the sending of each to the
end of its answer. The requests must come one after the other, as they do in `reconcile`.
"""

import sys
import time
from pathlib import Path
from typing import Any

import orjson


def main() -> None:
    """Run the command line with a watch on what is sent."""
    from pipelines.cli import main as command  # noqa: PLC0415 - its imports are part of the time
    from sources.clio_http.exchange import Exchange, RawAnswer  # noqa: PLC0415 - the same

    target, spent = Path(sys.argv[1]), [0, 0.0]
    plain = Exchange.send

    def timed(self: Exchange, method: str, url: str, *rest: Any, **named: Any) -> RawAnswer:
        began = time.perf_counter()
        try:
            return plain(self, method, url, *rest, **named)
        finally:
            spent[0] += 1
            spent[1] += time.perf_counter() - began

    Exchange.send = timed  # type: ignore[method-assign]
    code: object = 0
    try:
        command(sys.argv[2:], prog_name="clio-sync")
    except SystemExit as ended:
        code = ended.code
    target.write_bytes(orjson.dumps({"requests": spent[0], "seconds": spent[1]}))
    raise SystemExit(code)


if __name__ == "__main__":
    main()

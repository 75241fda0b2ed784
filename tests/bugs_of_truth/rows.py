"""Bugs, as patches, against the rule that unknown is never a value: rows."""

from tests.bugs import Mutant, Patch

MISFITS = "tests/unit/test_misfits.py"
SHAPES = "tests/unit/test_withheld_shapes.py"
KEPT_OUT = "tests/system/test_kept_out.py"
STORED = "tests/system/test_etag_copies.py"
COMMANDS = "tests/cli/test_quarantine.py"

ROWS: tuple[Mutant, ...] = (
    Mutant(
        420,
        "a value that does not fit is null, and nothing marks it",
        (
            Patch(
                "sources/clio_http/misfits.py",
                "    if odd.keys() - lost:\n",
                "    if odd.keys() - lost and False:\n",
            ),
        ),
        (MISFITS, SHAPES),
    ),
    Mutant(
        421,
        "a row is stored though its stamp or version does not fit",
        (
            Patch(
                "sources/clio_http/misfits.py",
                '{*collection.telling, "updated_at", "etag", collection.deletion_marker}',
                "{*collection.telling}",
            ),
        ),
        (MISFITS,),
    ),
    Mutant(
        422,
        "an entry without its name, type and value counts as empty",
        (
            Patch(
                "sources/clio_http/bulk.py",
                'any(all(entry.get(name, "") is None for name in members) for entry in entries)',
                "False",
            ),
        ),
        (SHAPES,),
    ),
    Mutant(
        423,
        "a page is searched for stripped entries only when it is written without white space",
        (
            Patch(
                "sources/clio_http/bulk.py",
                "                body = orjson.dumps(orjson.loads(body))\n",
                "                orjson.loads(body)\n",
            ),
        ),
        (SHAPES,),
    ),
    Mutant(
        424,
        "a key that was not sent is a null",
        (
            Patch(
                "sources/clio_http/leaves.py",
                "            elif signs.narrows and not _is_sent(row, column, signs.alone):\n",
                "            elif not signs.narrows and not _is_sent(row, column, signs.alone):\n",
            ),
        ),
        (SHAPES, "tests/unit/test_rows.py"),
    ),
    Mutant(
        425,
        "etags of other records are left in arrays when they come last in their object",
        (
            Patch(
                "sources/clio_http/casts.py",
                "    without = f\"regexp_replace({without}, {_quoted(_LAST)}, '\\\\1}}', 'g')\"\n",
                "",
            ),
        ),
        (SHAPES,),
    ),
    Mutant(
        426,
        "stored arrays keep the etags of other records",
        (
            Patch(
                "pipelines/load/content_hash.py",
                '                if arrays and "_row_hash" in stored:\n',
                '                if arrays and "_row_hash" not in stored:\n',
            ),
        ),
        (STORED,),
    ),
    Mutant(
        427,
        "what is kept out again counts as kept out since now",
        (
            Patch(
                "pipelines/state/quarantine.py",
                "coalesce(min(q.since), $2) as since",
                "$2::timestamptz as since",
            ),
        ),
        (KEPT_OUT,),
    ),
    Mutant(
        428,
        "what is kept out is a warning from the first run on",
        (
            Patch(
                "pipelines/load/result.py",
                "        if more[name] and name not in changed:\n",
                "        if more[name] > 1 and name not in changed:\n",
            ),
        ),
        (KEPT_OUT,),
    ),
    Mutant(
        429,
        "a deleted record stays in quarantine",
        (
            Patch(
                "pipelines/state/row_history.py",
                "        quarantine.forget(cursor, source, collection.name, keys)\n",
                "",
            ),
        ),
        (KEPT_OUT,),
    ),
)

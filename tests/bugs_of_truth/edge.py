"""Bugs, as patches, against the rule that unknown is never a value: edge."""

from tests.bugs import Mutant, Patch

ASKING = "sources/clio_http/plan.py"
CATALOG = "sources/clio_http/catalog.py"
PROMISES = "sources/clio_http/rows.py"
WALKS = "sources/clio_http/walks.py"
REFUSED = "tests/unit/test_refused_parameters.py"
ORDER = "tests/unit/test_promises.py"
REDIRECTS = "tests/unit/test_http_redirects.py"

EDGE = (
    Mutant(
        400,
        "an order that the list does not document is asked for",
        (
            Patch(
                CATALOG,
                "        refused = bool(self.orders) and ORDER not in self.orders\n",
                "        refused = False\n",
            ),
        ),
        (f"{REFUSED}::test_presets_are_asked_for_without_an_order",),
    ),
    Mutant(
        401,
        "two roles of a contact in a matter are one row",
        (
            Patch(
                "sources/clio_http/readings.py",
                "            values = table[stood_for]\n",
                "            values = pa.nulls(table.num_rows, pa.int64())\n",
            ),
        ),
        ("tests/system/test_contact_roles.py::test_every_role_is_a_row[first]",),
    ),
    Mutant(
        402,
        "ids must rise where the order was refused",
        (
            Patch(
                "sources/clio_http/readings.py",
                "ordered=ORDER not in plan.not_taken",
                "ordered=True",
            ),
        ),
        (f"{REFUSED}::test_order_that_is_refused_is_not_sent_again",),
    ),
    Mutant(
        403,
        "a page may hold two records with one key",
        (
            Patch(
                PROMISES,
                "    if strict or different.num_rows > keys.num_rows:\n",
                "    if strict:\n",
            ),
        ),
        (f"{ORDER}::test_the_same_role_twice",),
    ),
    Mutant(
        404,
        "a walk that may not ask for changes passes for one that did",
        (
            Patch(
                "sources/clio_http/plan.py",
                '    return replace(plan, since=None, mode="full") if refused == SINCE else plan\n',
                "    return plan\n",
            ),
        ),
        (f"{REFUSED}::test_without_updated_since_the_walk_is_a_full_one",),
    ),
    Mutant(
        405,
        "what a list is made of is given up",
        (
            Patch(
                ASKING,
                '    return name if value and _widens(collection, name, described) else ""\n',
                '    return name if value else ""\n',
            ),
        ),
        (f"{REFUSED}::test_what_a_list_is_made_of_is_never_given_up",),
    ),
    Mutant(
        406,
        "what was refused is asked with again in every run",
        (
            Patch(
                "pipelines/load/task.py",
                "((FIELD, self.walk.refused), (PARAMETER, self.walk.given_up))",
                "((FIELD, self.walk.refused),)",
            ),
        ),
        ("tests/system/test_refused_doctor.py::test_what_is_still_refused",),
    ),
    Mutant(
        407,
        "a redirect to another origin is followed by its path",
        (
            Patch(
                "sources/clio_http/hosts.py",
                " and _origin(parts) != base_origin(base_url):\n",
                " and False:\n",
            ),
        ),
        (f"{REDIRECTS}::test_other_redirects_are_not_followed",),
    ),
    Mutant(
        408,
        "an error repeats Clio's sentence with the names in it",
        (
            Patch(
                "sources/clio_http/refusals.py",
                '    return word if word.removesuffix("[]").lower() in known else "…"\n',
                "    return word\n",
            ),
        ),
        (f"{REFUSED}::test_error_repeats_no_name_of_a_client",),
    ),
    Mutant(
        409,
        "a table of the release before keeps its narrower key",
        (
            Patch(
                "pipelines/load/runner.py",
                "        widen_keys(self.warehouse, self.source,"
                " self.product.catalog.loaded.values())\n",
                "",
            ),
        ),
        ("tests/system/test_contact_roles.py::test_a_table_of_the_release_before_is_taken_over",),
    ),
)

"""Bugs, as patches, against the rule that a pipeline of dlt loses nothing."""

from tests.bugs import Mutant, Patch

CHANGES = "sources/clio_http/changes.py"
RESOURCE = "sources/resource.py"
STOPPED = "tests/system/test_dlt_stopped.py"

PIPELINES: tuple[Mutant, ...] = (
    Mutant(
        600,
        "a pipeline's watermark lies after the start of the walk",
        (Patch(CHANGES, "plan.started_at - OVERLAP)", "plan.started_at + OVERLAP)"),),
        ("tests/system/test_dlt_sources.py::test_manage_into_duckdb",),
    ),
    Mutant(
        601,
        "a parent that is read for its children alone takes itself for read",
        (
            Patch(
                RESOURCE,
                "sorted(found & resources.selected.keys())",
                "sorted({name, *(found & resources.selected.keys())})",
            ),
        ),
        (f"{STOPPED}::test_each_resource_has_its_own_watermark",),
    ),
    Mutant(
        602,
        "what a limit drops is taken for read",
        (Patch(RESOURCE, "placement_affinity = 1.5", "placement_affinity = 1.0"),),
        (f"{STOPPED}::test_a_limit_of_nothing",),
    ),
    Mutant(
        603,
        "a record that was left out is never asked for again",
        (Patch(CHANGES, 'state["kept_out"] = True', 'state["kept_out"] = False'),),
        (f"{STOPPED}::test_a_record_that_does_not_fit",),
    ),
    Mutant(
        604,
        "of a record in two lists the older version is kept",
        (Patch(RESOURCE, '"dedup_sort": "desc"', '"dedup_sort": "asc"'),),
        (f"{STOPPED}::test_a_record_in_two_lists",),
    ),
    Mutant(
        605,
        "a new child gets the lists of those parents alone that change",
        (Patch(CHANGES, "and all(state.get", "and any(state.get"),),
        ("tests/unit/test_changes.py",),
    ),
)

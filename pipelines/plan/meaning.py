"""What the ids of a plan mean: names beside them, and the definitions that are frozen with it.

A custom field, an option or a stage that is renamed or moved after the approval means another
thing: those are compared again before anything is sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from pipelines.edits import fields
from pipelines.edits.fields import FieldRef
from pipelines.edits.warehouse_records import definitions, read_stored
from pipelines.errors import EditRefusedError
from pipelines.ledger.errors import MeaningError
from sources.clio_manage.writable import TARGETS
from sources.errors import ClioError, Interrupted

from .plan_file import Plan, PlannedEdit, PlannedRecord
from .session import Session

STAGE, STAGES = "matter_stage.id", "matter_stages"
CUSTOM_FIELDS = "custom_fields"


def meaning(at: Session, records: Sequence[PlannedRecord]) -> dict[str, str]:
    """Return what the custom fields, options and stages of some records mean, by `collection/id`.

    They are read in Clio first; where Clio does not show them, the warehouse's count.
    """
    edits = [(record.resource, edit) for record in records for edit in record.edits]
    refs = [(at.ref(resource, edit.field), edit) for resource, edit in edits]
    custom = {ref.custom.id for ref, _ in refs if ref.custom}
    stages = {key for ref, edit in refs if ref.text == STAGE for key in _ids(edit)}
    _read(at, [*((CUSTOM_FIELDS, key) for key in custom), *((STAGES, key) for key in stages)])
    return dict(sorted([*_of_custom(at, refs), *_of_stages(at, stages)]))


def demand_same(at: Session, plan: Plan) -> None:
    """Refuse a plan in which something means another thing by now.

    Raises:
        MeaningError: a field was renamed, an option changed or a stage moved.

    """
    now = meaning(at, plan.records)
    for key, meant in plan.meaning.items():
        if now.get(key) != meant:
            message = f"{key} was renamed, changed or moved in Clio since the plan was approved"
            raise MeaningError(message)


def names(at: Session, records: Sequence[PlannedRecord]) -> dict[str, str]:
    """Return the names of what the records of a plan point at, by `collection/id`."""
    wanted: dict[str, set[int]] = {}
    for record in records:
        for name, value in record.context.items():
            target = TARGETS.get(name.removesuffix(".id"), "") if name.endswith(".id") else ""
            if target and value is not None:
                wanted.setdefault(target, set()).add(int(str(value)))
        for edit in record.edits:
            with suppress(EditRefusedError):
                target = target_of(at.ref(record.resource, edit.field))
                wanted.setdefault(target, set()).update(_ids(edit) if target else ())
    return {
        f"{target}/{key}": label
        for target, keys in sorted(wanted.items())
        for key, label in _labels(at, target, keys)
    }


def target_of(ref: FieldRef) -> str:
    """Return the collection that a field points at; empty where it is no reference to one."""
    return dict(ref.targets).get("", "")


def _ids(edit: PlannedEdit) -> list[int]:
    found = (edit.base, edit.new_value)
    return [value for value in found if isinstance(value, int) and not isinstance(value, bool)]


def _read(at: Session, keys: Iterable[tuple[str, int]]) -> None:
    """Bring definitions up to date in the warehouse, as far as Clio shows them."""
    wanted = [(name, str(key)) for name, key in keys if name in at.catalog.loaded]
    try:
        at.read(wanted)
    except Interrupted:
        raise
    except ClioError as error:
        at.run.reporter.note(f"definitions are compared as of the last load: {error}")


def _of_custom(
    at: Session, refs: Sequence[tuple[FieldRef, PlannedEdit]]
) -> Iterator[tuple[str, str]]:
    known = {one.id: one for one in definitions(at.warehouse)}
    for ref, edit in refs:
        field = known.get(ref.custom.id) if ref.custom else None
        if field is None:
            continue
        gone = ", deleted" if field.deleted else ""
        yield f"{CUSTOM_FIELDS}/{field.id}", f"{field.name} ({field.field_type}{gone})"
        if ref.kind == fields.OPTION:
            labels = {one.id: one for one in field.options}
            for key in _ids(edit):
                option = labels.get(key)
                gone = " (deleted)" if option and option.deleted else ""
                label = f"{option.label}{gone}" if option else "(gone)"
                yield f"{CUSTOM_FIELDS}/{field.id}/options/{key}", label


def _of_stages(at: Session, stages: Iterable[int]) -> Iterator[tuple[str, str]]:
    for key, record in _stored(at, STAGES, stages).items():
        yield f"{STAGES}/{key}", f"{record.get('name')} (practice area {area_of(record) or 'any'})"


def stage(at: Session, key: int) -> Mapping[str, object]:
    """Return a stage as the warehouse has it; empty where it has none."""
    return _stored(at, STAGES, [key]).get(str(key), {})


def area_of(record: Mapping[str, object]) -> str:
    """Return the practice area of a stage; empty where it is of all or is not known."""
    return str(record.get("practice_area_id") or "")


def _stored(at: Session, resource: str, keys: Iterable[int]) -> dict[str, Mapping[str, object]]:
    found = read_stored(at.visibility, resource, map(str, keys))
    return {key: one.record for key, one in found.items() if not one.gone}


def _labels(at: Session, target: str, keys: Iterable[int]) -> Iterator[tuple[int, str]]:
    found = read_stored(at.visibility, target, map(str, keys)) if target else {}
    for key, one in sorted(found.items()):
        if one.label:
            yield int(key), one.label

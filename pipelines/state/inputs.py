"""How far each collection is known to be complete: what figures rest on."""

DDL = (
    """create table if not exists meta.inputs (
        source varchar, resource varchar, complete_up_to timestamptz, state varchar,
        reason varchar)""",
)

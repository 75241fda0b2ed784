"""What Clio shows of a record without its value: withheld from the token, or not read."""

DDL = (
    """create table if not exists meta.withheld (
        source varchar, resource varchar, record_id varchar, field varchar, since timestamptz,
        evidence varchar, accepted boolean, held boolean)""",
)

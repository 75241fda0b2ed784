"""Differences between systems: links, what was sent, proofs, and records that are not shown."""

from sources.clio_simulator.changes import Change
from tests.system.plants import DIFFERENCE, SENT, Ground, Kind, Plant, Sql, Switch

HERE, GONE = "missing in the warehouse", "deleted"
FORBIDDEN = 403


def linked_to_deleted(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a contact of Grow that is linked to a contact that was deleted."""
    grow, contact = _quiet_link(ground, pick)
    buried = (
        "insert into meta.tombstones values"
        " ('clio_manage', 'contacts', ?, '2000-01-01', 'not found by its id', null)"
    )
    plant = Plant({("contacts", contact), *ground.naming(contact)})
    plant.steps = [Sql(buried, (str(contact),)), Change("remove", "contacts", contact)]
    plant.text("grow_links", f"grow contact:{grow}", GONE)
    return plant


def linked_to_missing(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a contact of Grow that is linked to a contact that never arrived."""
    grow, contact = _quiet_link(ground, pick)
    plant = Plant({("contacts", contact)})
    plant.steps = [Sql("delete from raw_clio_manage.contacts where id = ?", (contact,))]
    plant.text("ids", f"contacts:{contact}", HERE)
    plant.text("grow_links", f"grow contact:{grow}", "missing in Manage")
    return plant


def other_name(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another spelling of a name in Grow."""
    grow = sorted(ground.linked)[pick % len(ground.linked)]
    query = "update raw_clio_grow.contacts set name = ? where id = ?"
    plant = Plant({("contacts", ground.linked[grow])})
    plant.steps = [Sql(query, (f"Other {amount}", grow))]
    plant.text("grow_fields", f"grow contact:{grow}.name", "another value")
    return plant


def changed_back(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant the old value in the place of one that was sent."""
    task = ground.tasks[pick % len(ground.tasks)]
    return _sent(task["id"], task["name"], "changed back")


def changed_again(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a third value in the place of one that was sent."""
    task = ground.tasks[pick % len(ground.tasks)]
    return _sent(task["id"], f"Theirs {amount}", "changed to another value")


def fought_over(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a value that was sent and lost twice."""
    task = ground.tasks[pick % len(ground.tasks)]
    plant = _sent(task["id"], task["name"], "fighting another integration")
    for minutes, name in enumerate((SENT, task["name"], SENT), 1):
        query = (
            "insert into raw_clio_manage.tasks__versions by name select * replace (? as name,"
            " now() + to_minutes(?) as _replaced_at) from raw_clio_manage.tasks__versions"
            " where id = ? limit 1"
        )
        plant.steps.append(Sql(query, (name, minutes, task["id"])))
    return plant


def _sent(task: int, name: object, cause: str) -> Plant:
    query = "update raw_clio_manage.tasks set name = ? where id = ?"
    plant = Plant({("tasks", task)}, steps=[Sql(query, (name, task))])
    plant.text("pushed_edits", f"tasks:{task}.name", cause)
    return plant


def unequal_proof(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a certificate of a sweep after which the two sides were not equal."""
    names = ("activities", "allocations", "bills", "contacts", "matters")
    name = names[pick % len(names)]
    query = (
        "insert into meta.certificates (source, resource, walked_at, rows_clio, rows_warehouse,"
        " digest_clio, digest_warehouse, status)"
        " values ('clio_manage', ?, now(), ?, ?, 'a', 'b', 'unequal')"
    )
    plant = Plant(steps=[Sql(query, (name, amount, amount - 1))])
    plant.text("certificates", f"clio_manage.{name}", "unexplained", DIFFERENCE)
    return plant


def hidden_there(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a contact that this user may not see any more."""
    _, contact = _quiet_link(ground, pick)
    plant = Plant({("contacts", contact), *ground.naming(contact)})
    plant.steps = [Switch("hidden_answer", FORBIDDEN), Change("hide", "contacts", contact)]
    plant.text("ids", f"contacts:{contact}", "not listed by Clio")
    return plant


def _quiet_link(ground: Ground, pick: int) -> tuple[int, int]:
    """Choose a link of Grow to a contact that no matter, bill or payment leads to."""
    found = [(g, c) for g, c in sorted(ground.linked.items()) if c not in ground.busy_contacts]
    return found[pick % len(found)]


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        linked_to_deleted,
        linked_to_missing,
        other_name,
        changed_back,
        changed_again,
        fought_over,
        unequal_proof,
        hidden_there,
    )
}

"""The checks whether what Clio refused is there, or taken, again."""

from collections.abc import Iterable
from dataclasses import replace

from pipelines.load.planning import catalog_hash, lists_of
from pipelines.outcome import named
from pipelines.state.refusals import Refusals
from sources.clio_http.asking import LIMIT, ORDER, SINCE
from sources.clio_http.catalog import Collection
from sources.clio_http.paging import fetch
from sources.clio_http.plan import stamp
from sources.errors import ClioError, FieldsRefusedError, Interrupted, SignInNeededError

from .line import NOTE, OK, WARN, DoctorLine
from .lists import narrow
from .sign_in import ProductSession

FIELD, PARAMETER = "field", "parameter"


def refused_line(session: ProductSession, kind: str, refused: Refusals) -> DoctorLine:
    """Ask once more for each field, or with each parameter, that Clio refused.

    It raises as `lists.lines_of` does.
    """
    before, ask = session.client.requests, _given if kind == FIELD else _taken
    loaded = session.product.catalog.loaded
    waiting = {
        name: names
        for (name, digest), names in refused.items()
        if name in loaded and digest == catalog_hash(loaded[name]) and not loaded[name].parent
    }
    back, still = [], []
    for name, names in sorted(waiting.items()):
        found = ask(session, loaded[name], names)
        back += [f"{name}.{one}" for one in sorted(found)]
        still += [f"{name}.{one}" for one in sorted(names - found)]
    return replace(_told(kind, back, still), requests=session.client.requests - before)


def _told(kind: str, back: list[str], still: list[str]) -> DoctorLine:
    check = f"refused_{kind}s"
    if back:
        names = sorted({name.partition(".")[0] for name in back})
        options = " ".join(f"--resource {name}" for name in names)
        what = f"Clio {'gives' if kind == FIELD else 'takes'} {named(back)} again"
        return DoctorLine(check, WARN, what, f"clio-sync load --full {options}")
    if still:
        return DoctorLine(check, NOTE, f"Clio still refuses {named(still)}")
    return DoctorLine(check, OK, f"Clio refuses no {kind}")


def _taken(session: ProductSession, collection: Collection, names: Iterable[str]) -> frozenset[str]:
    """Return those of some parameters that Clio takes, asked with one at a time."""
    return frozenset(name for name in names if _takes(session, collection, name))


def _takes(session: ProductSession, collection: Collection, name: str) -> bool:
    parameter, _, value = name.partition("=")
    with_it = [v for v in collection.variants if parameter in v and v[parameter].endswith(value)]
    given = {**dict(narrow(collection)), **(with_it or collection.variants)[0]}
    if parameter == ORDER:
        given[ORDER] = collection.order
    elif parameter == SINCE:
        given[SINCE] = stamp(session.clock.now())
    elif parameter == LIMIT:
        given[LIMIT] = value
    try:
        fetch(session.client, collection.path, list(given.items()), "")
    except (SignInNeededError, Interrupted):
        raise
    except ClioError:
        return False
    return True


def _given(
    session: ProductSession, collection: Collection, fields: Iterable[str]
) -> frozenset[str]:
    """Return those of some fields that Clio gives.

    It may name those that it refuses one at a time, so it is asked until it refuses none.
    """
    left = frozenset(fields)
    (one, *_) = lists_of(collection, session.clock.now())
    while left:
        asked = [*_request(collection, left), *one.parameters]
        try:
            fetch(session.client, one.path, asked, "")
        except FieldsRefusedError as error:
            fewer = left - frozenset(error.fields)
            left = fewer if fewer < left else frozenset()
        except (SignInNeededError, Interrupted):
            raise
        except ClioError:
            return frozenset()
        else:
            return left
    return left


def _request(collection: Collection, names: frozenset[str]) -> list[tuple[str, str]]:
    """Ask for one record with the key and some fields, `note` or `client.name`."""
    tops = {name for name in names if "." not in name}
    inner: dict[str, list[str]] = {}
    for name in sorted(names - tops):
        top, _, sub = name.partition(".")
        if top not in tops:
            inner.setdefault(top, []).append(sub)
    chosen = dict(narrow(collection, *tops))
    chosen["fields"] = ",".join(
        [chosen["fields"], *(f"{top}{{{','.join(subs)}}}" for top, subs in inner.items())]
    )
    return list(chosen.items())

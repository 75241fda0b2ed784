"""The check whether fields that Clio refused are there again."""

from collections.abc import Iterable

from pipelines.plans import catalog_hash, lists_of
from sources.clio_http.catalog import Collection
from sources.clio_http.paging import fetch
from sources.errors import ClioError, FieldsRefusedError, Interrupted, SignInNeededError

from .line import NOTE, OK, WARN, Line, named
from .lists import narrow
from .session import Session
from .stored import Refused


def refused_fields(session: Session, refused: Refused) -> Line:
    """Ask once more for each field that Clio refused.

    Raises:
        SignInNeededError: Clio no longer accepts the token.
        Interrupted: the run is to stop.

    """
    before = session.client.requests
    loaded = session.product.catalog.loaded
    waiting = {
        name: fields
        for (name, digest), fields in refused.items()
        if name in loaded and digest == catalog_hash(loaded[name]) and not loaded[name].parent
    }
    back, still = [], []
    for name, fields in sorted(waiting.items()):
        found = _accepted(session, loaded[name], fields)
        back += [f"{name}.{field}" for field in sorted(found)]
        still += [f"{name}.{field}" for field in sorted(fields - found)]
    return _line(back, still).after(session.client.requests - before)


def _line(back: list[str], still: list[str]) -> Line:
    check = "refused_fields"
    if back:
        names = sorted({name.partition(".")[0] for name in back})
        options = " ".join(f"--resource {name}" for name in names)
        what = f"Clio gives {named(back)} again"
        return Line(check, WARN, what, f"clio-sync load --full {options}")
    if still:
        return Line(check, NOTE, f"Clio still refuses {named(still)}")
    return Line(check, OK, "Clio refuses no field")


def _accepted(session: Session, collection: Collection, fields: Iterable[str]) -> frozenset[str]:
    """Give those of some fields that Clio gives.

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

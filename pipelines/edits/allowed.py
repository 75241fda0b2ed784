"""What may be edited here: the list in code, narrowed by the setting `clio_sync.writable`."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import EditRefusedError
from sources.clio_http.catalog import Catalog
from sources.clio_manage.writable import COLLECTIONS, editables
from sources.errors import ConfigurationError

from .fields import FieldRef


@dataclass(frozen=True)
class Allowed:
    """The names `matters.status` of the fields that edits may change, in order."""

    names: tuple[str, ...]

    def demand(self, ref: FieldRef) -> None:
        """Refuse a field that the settings do not let be edited.

        Raises:
            EditRefusedError: it is not among them; the message lists those that are.

        """
        if f"{ref.resource}.{ref.pattern}" in self.names:
            return
        mine = [name for name in self.names if name.startswith(f"{ref.resource}.")]
        valid = ", ".join(mine or self.names) or "none"
        message = f"{ref.resource}: {ref.pattern} is left out by clio_sync.writable; valid: {valid}"
        raise EditRefusedError(message)


def allowed(catalog: Catalog, narrowed: Sequence[str] | None) -> Allowed:
    """Give what may be edited: all that the code lets be, or those of it that are named.

    A name is a collection, or a field of one as `matters.status`.

    Raises:
        ConfigurationError: a name is none that the code lets be edited.

    """
    known = {
        f"{resource}.{pattern}": resource
        for resource in sorted(COLLECTIONS)
        for pattern in editables(catalog, resource)
    }
    if narrowed is None:
        return Allowed(tuple(known))
    unknown = sorted(set(narrowed) - set(known) - set(known.values()))
    if unknown:
        valid = ", ".join([*sorted(COLLECTIONS), "or a field of one, such as matters.status"])
        message = f"clio_sync.writable can only narrow; {unknown[0]} is unknown; valid are {valid}"
        raise ConfigurationError(message)
    kept = {name for name, resource in known.items() if {name, resource} & set(narrowed)}
    return Allowed(tuple(name for name in known if name in kept))

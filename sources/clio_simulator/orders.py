"""In which order a list is, as Clio's document says for each."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from .errors import Refusal
from .switches import Switches

BY_ID = "id(asc)"


@dataclass(frozen=True)
class Orders:
    """What a list documents: the order when none is asked for, and those that may be asked for.

    Without `listed`, any may. `by_relationship` says that `id` stands for the id of the
    relationship inside each row.
    """

    default: str = BY_ID
    listed: tuple[str, ...] = ()
    by_relationship: bool = False


@lru_cache
def documented() -> dict[str, Orders]:
    """Give the lists that document an order, by collection."""
    text = files("sources").joinpath("clio_simulator", "orders.json").read_text("utf-8")
    return {
        name: Orders(
            entry["default"], tuple(entry.get("orders", ())), bool(entry.get("by_relationship"))
        )
        for name, entry in json.loads(text).items()
    }


def chosen(collection: str, asked: str, switches: Switches) -> str:
    """Give the order that a list is in when `asked` is asked for, empty for none."""
    known = documented().get(collection)
    if known is None:
        if asked and switches.undocumented_order == "refuse":
            raise Refusal(400, "order is not a parameter of this list")
        return BY_ID
    if not asked or not known.listed or asked in known.listed:
        return asked or known.default
    if switches.order_not_listed == "ignore":
        return known.default
    raise Refusal(400, f"order must be one of: {', '.join(known.listed)}")

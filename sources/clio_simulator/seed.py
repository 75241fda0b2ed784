"""The seeded firm: the same seed and sizes give the same records, byte for byte."""

from dataclasses import dataclass

from sources.clio_http.catalog import Catalog

from . import seed_bills, seed_money, seed_papers, seed_people, seed_plain, seed_work
from .seed_firm import Firm
from .store import Store


@dataclass(frozen=True)
class Seed:
    """How large a firm, and which one.

    `scale` multiplies contacts, matters, activities, bills and what hangs on them, in Grow too; a
    size that is given overrides it. `grow_notes` are shared out among contacts and matters.
    """

    seed: int = 7
    scale: float = 1.0
    users: int | None = None
    contacts: int | None = None
    matters: int | None = None
    activities: int | None = None
    bills: int | None = None
    grow_contacts: int | None = None
    grow_matters: int | None = None
    grow_leads: int | None = None
    grow_notes: int | None = None

    def size(self, name: str, at_one: int) -> int:
        """Give how many records of a kind there are."""
        given: int | None = getattr(self, name, None)
        scale = 1 if name == "users" else self.scale
        return max(3, round(at_one * scale)) if given is None else given


def build(catalog: Catalog, seed: Seed) -> Store:
    """Build the firm: people first, then their work, then the money that it makes."""
    store = Store([*catalog.collections, *catalog.singletons])
    firm = Firm(catalog, store, seed.seed)
    seed_plain.choices(firm)
    seed_people.users(firm, seed.size("users", 8))
    seed_people.groups(firm)
    seed_plain.costs(firm)
    seed_plain.custom_fields(firm)
    seed_plain.legal_aid(firm)
    seed_people.contacts(firm, seed.size("contacts", 60))
    seed_people.matters(firm, seed.size("matters", 40))
    seed_people.custom_values(firm, "Contact")
    seed_people.custom_values(firm, "Matter")
    _settings(firm)
    _work(firm, seed)
    _money(firm, seed)
    return firm.finish()


def _settings(firm: Firm) -> None:
    seed_plain.settings(firm)
    seed_plain.court_rules(firm)


def _work(firm: Firm, seed: Seed) -> None:
    seed_work.activities(firm, seed.size("activities", 600))
    seed_work.tasks(firm, seed.size("tasks", 60))
    seed_work.calendar(firm, seed.size("calendar_entries", 40))
    seed_work.notes(firm, seed.size("notes", 60))
    seed_work.communications(firm, seed.size("communications", 40))
    seed_work.conversations(firm)
    seed_papers.folders(firm)
    seed_papers.documents(firm, seed.size("documents", 40))
    seed_papers.beside(firm)
    seed_papers.budgets(firm)
    seed_papers.complete(firm)


def _money(firm: Firm, seed: Seed) -> None:
    seed_money.bank_accounts(firm)
    seed_bills.bills(firm, seed.size("bills", 60))
    seed_money.money_moves(firm)

"""The firm's intake, linked to its records in Manage: same seed and sizes, same bytes."""

from . import seed_grow_fields, seed_grow_people, seed_grow_plain
from .seed import Seed
from .seed_grow_firm import GrowFirm
from .store import Store


def build(seed: Seed, manage: Store) -> Store:
    """Build Grow's records: lists of choices, people and their affairs, notes."""
    firm = GrowFirm(manage, seed.seed)
    seed_grow_plain.users(firm)
    seed_grow_plain.choices(firm)
    seed_grow_plain.custom_actions(firm)
    seed_grow_fields.custom_fields(firm)
    seed_grow_people.contacts(firm, seed.size("grow_contacts", 50))
    seed_grow_people.leads(firm, seed.size("grow_leads", 30))
    seed_grow_people.matters(firm, seed.size("grow_matters", 40))
    for collection in ("contacts", "matters"):
        seed_grow_fields.values(firm, collection)
    seed_grow_people.notes(firm, seed.size("grow_notes", 120))
    return firm.finish()

"""Grow's users and lists of choices."""

from . import seed_words as words
from .seed_grow_firm import GrowFirm
from .store import Row

ACCOUNT: Row = {"id": 77_001, "firm_name": "Example Law Firm"}

SOURCES = ("Website", "Referral from a friend", "Radio", "Évènement d'été 🌊", "Newsletter")
TYPES = ("Real estate", "Wills and estates", "Employment", "Family", "Straßenverkehr & Unfall")
PLACES = ("Sampletown", "Exampleville", "Testford", "東京 office")


def users(firm: GrowFirm) -> None:
    """Add who is in Manage too, told by the e-mail alone, and one who works with Grow only."""
    members = [row for row in firm.manage["users"].after(-1) if not row.get("_co_counsel")]
    for number, member in enumerate(members):
        # People write the same address in more than one way.
        mail = member["email"].title() if number == 2 else member["email"]
        _user(firm, member["first_name"], member["last_name"], mail)
    _user(firm, "Intake", None, "intake@firm.example.com")


def _user(firm: GrowFirm, first: str, last: str | None, mail: str) -> None:
    row = {"first_name": first, "last_name": last, "email": mail, "account": ACCOUNT}
    firm.add("users", row, ago=600)


def choices(firm: GrowFirm) -> None:
    """Add sources, matter types and locations, the last two of which matters name."""
    for name in SOURCES:
        mailing = name == "Newsletter"
        category = "clio_email_marketing" if mailing else "standard"
        firm.add("sources", {"name": name, "category": category, "is_editable": not mailing})
    for number, name in enumerate(TYPES):
        firm.add("matter_types", {"name": name, "default": number == 0})
    for name in PLACES:
        firm.add("locations", {"name": name})


def custom_actions(firm: GrowFirm) -> None:
    """Add links into the pages of matters."""
    for number, label in enumerate(("Open in warehouse", "Conflict check", words.AWKWARD[1])):
        row = {"label": label, "target_url": f"https://tools.example.com/grow/{number}?a=b&c=d"}
        firm.add("custom_actions", {**row, "ui_reference": "matters/show"})

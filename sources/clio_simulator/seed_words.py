"""The words of the firm: generic, and in places as awkward as real data gets."""

FIRST = (
    "Ash",
    "Birch",
    "Cedar",
    "Dahlia",
    "Elm",
    "Fern",
    "Garnet",
    "Hazel",
    "Iris",
    "Jasper",
    "Juniper",
    "Laurel",
    "Linden",
    "Maple",
    "Olive",
    "Pearl",
    "Reed",
    "Rowan",
    "Sage",
    "Thistle",
    "Willow",
)
LAST = (
    "Ambleford",
    "Brookmere",
    "Cloverdell",
    "Downfield",
    "Eastmarsh",
    "Fallowhill",
    "Greybank",
    "Highmoor",
    "Inglenook",
    "Kestrelby",
    "Longmeadow",
    "Millstream",
    "Northgate",
    "Oakhollow",
    "Pinecroft",
    "Quarryside",
    "Ridgeway",
    "Stonebridge",
    "Thornwick",
    "Underhill",
    "Westlake",
)
COMPANY = (
    "Amber",
    "Blue",
    "Copper",
    "Green",
    "Harbor",
    "Lantern",
    "Meadow",
    "North",
    "River",
    "Summit",
)
TRADE = (
    "Bakery",
    "Builders",
    "Carriers",
    "Dairy",
    "Foundry",
    "Gardens",
    "Mills",
    "Supply",
    "Tools",
)
FORM = ("Example LLC", "Example Inc.", "Example & Co", "Example Ltd")
STREETS = ("Main Street", "Mill Lane", "Station Road", "Orchard Avenue", "Quay Walk")
CITIES = (
    ("Sampletown", "CA", "90001"),
    ("Exampleville", "NY", "10001"),
    ("Testford", "TX", "73301"),
)
AFFAIRS = (
    "Lease of a shop",
    "Purchase of a house",
    "Will and estate",
    "Delivery of goods",
    "Boundary wall",
    "Employment agreement",
    "Accident at a crossing",
    "Founding a company",
    "Unpaid invoices",
    "Custody of a child",
)
WORK = (
    "Telephone call with client",
    "Draft letter to the other side",
    "Review of documents",
    "Research on limitation",
    "Meeting with witness",
    "Preparation of hearing",
    "Court attendance",
    "Correspondence",
    "Revise agreement",
    "File review",
)
EXPENSES = ("Copies", "Court fee", "Courier", "Travel", "Search fee")

LONG = "A very long text. " * 600
AWKWARD = (
    "Émile Žluťoučký-Ångström",
    "李小龙 の 事務所",
    "🌊 Wave & Sons 👩‍⚖️",
    "\u202eright to left\u202c שלום عليكم",
    "Says \"quoted\" \\ back\\slash 'single'",
    "two\nlines\r\nand\ta tab",
    "=1+1",
    "@SUM(A1:A9)",
    "-2+3",
    "<script>alert('x')</script><b>bold</b>",
    "  spaces around  ",
    "",
    "NULL",
    "1e400",
    "\x1b[2J\x1b[31mred",
    "'; DROP TABLE matters; --",
    "e\u0301 and é",
    "zero\u200bwidth",
    "00123",
    "1899-12-31",
    LONG,
)
"""Values for names, notes and descriptions that a careless program stumbles over."""

LEFT_EMPTY = frozenset(
    {"id", "etag", "created_at", "updated_at", "deleted_at", "voided_at", "put_url"}
)
"""Fields that the filler does not touch."""


def person(number: int) -> tuple[str, str]:
    """Give a first and a last name; the first 441 differ."""
    first = FIRST[number % len(FIRST)]
    last = LAST[(number + number // len(FIRST)) % len(LAST)]
    return first, last


def company(number: int) -> str:
    """Give the name of a company."""
    parts = COMPANY[number % len(COMPANY)], TRADE[number % len(TRADE)], FORM[number % len(FORM)]
    return " ".join(parts)


def text(name: str, number: int) -> str:
    """Give a text for a field, by the field's name."""
    if "email" in name:
        return f"mail{number}@example.com"
    if "url" in name or name == "link":
        return f"https://example.com/{name}/{number}"
    if "phone" in name:
        return f"+1 555 01{number % 100:02}"
    if name == "currency":
        return "USD"
    if "time_zone" in name or "timezone" in name:
        return "America/Los_Angeles"
    return f"{name.replace('_', ' ').capitalize()} {number}"

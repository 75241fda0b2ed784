"""The records that hardly change: lists of choices, settings, rates, templates, reports."""

from typing import TYPE_CHECKING, Any

from .derived import money
from .seed_firm import Firm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .store import Row

AREAS = (
    ("Real estate", "real_estate"),
    ("Wills and estates", "wills_and_estates"),
    ("Employment", "employment_and_labor"),
    ("Commercial", "commercial_litigation"),
    ("Family", "family"),
)
STAGES = ("Intake", "Open", "Negotiation", "Hearing", "Closing")
GROUPS = ("Everyone", "Real estate team", "Archived team")
TASK_TYPES = ("Draft", "File", "Call", "Meet", "Old type")


def named(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Give one record for each name."""
    return [{"name": name} for name in names]


def choices(firm: Firm) -> None:
    """Add what the rest of the firm refers to."""
    codes = (("USD", "$"), ("CAD", "$"), ("EUR", "€"))
    firm.plain("currencies", [{"code": code, "sign": sign} for code, sign in codes])
    known = firm.catalog.schemas["PracticeArea"]["category"]["enum"]
    areas: list[Mapping[str, Any]] = [
        {"name": name, "category": category if category in known else known[number]}
        for number, (name, category) in enumerate(AREAS)
    ]
    firm.plain("practice_areas", areas)
    for area in firm.made["practice_areas"]:
        rows = [
            {"name": name, "order": number, "practice_area_id": str(area["id"])}
            for number, name in enumerate(STAGES, 1)
        ]
        firm.plain("matter_stages", rows)
    firm.plain("calendar_entry_event_types", named(("Hearing", "Deadline", "Meeting")))
    firm.plain("document_categories", named(("Pleading", "Letter", "Évidence 📎")))
    firm.plain("task_types", named(TASK_TYPES))
    firm.made["task_types"][-1]["deleted_at"] = firm.stamp(30)


def costs(firm: Firm) -> None:
    """Add what work and expenses are described with."""
    firm.plain("utbms_sets", named(("Litigation", "Expenses", "Project")))
    firm.plain("utbms_codes", [{"utbms_set_id": firm.pick("utbms_sets")} for _ in range(9)])
    kinds = ("hard_cost", "soft_cost", "unassociated")
    firm.plain(
        "expense_categories",
        [
            {"name": name, "entry_type": kinds[number % 3], "rate": number, "tax_setting": "no_tax"}
            for number, name in enumerate(
                ("Copies", "Court fee", "Courier", "Travel", "Search fee")
            )
        ],
    )
    firm.plain(
        "activity_descriptions", named(("Call", "Drafting", "Hearing", "Research", "Review"))
    )
    people = {"contact_id": None, "co_counsel_contact_id": None, "flat_rate": False}
    rates = [
        {**people, "rate": money(100 * rate), "user": firm.pick("users")}
        for rate in (250, 300, 410)
    ]
    firm.plain("activity_rates", rates)


def custom_fields(firm: Firm) -> None:
    """Add a custom field of every type for matters and for contacts, and a deleted one of each."""
    kinds = firm.catalog.schemas["CustomField"]["field_type"]["enum"]
    for parent in ("Matter", "Contact"):
        for number, kind in enumerate(kinds):
            _custom_field(firm, parent, kind, number, deleted=False)
        _custom_field(firm, parent, "text_line", len(kinds), deleted=True)
    for parent in ("Matter", "Contact"):
        mine = [row["id"] for row in firm.made["custom_fields"] if row["parent_type"] == parent]
        for half in (mine[:6], mine[6:]):
            firm.add(
                "custom_field_sets",
                {
                    "name": f"{parent} set {len(firm.made['custom_field_sets']) + 1}",
                    "parent_type": parent,
                    "displayed": True,
                    "custom_fields": half,
                },
            )


ODD_FIELD_NAMES = {
    0: "id",
    1: '"; DROP TABLE x;--',
    2: "Budget (net)",
    3: "budget_net",
    4: "N" * 300,
}


def _custom_field(firm: Firm, parent: str, kind: str, number: int, *, deleted: bool) -> None:
    plain = f"{parent} {kind.replace('_', ' ')}"
    row: Row = {
        "name": ODD_FIELD_NAMES.get(number, plain) if parent == "Matter" else plain,
        "parent_type": parent,
        "field_type": kind,
        "displayed": number % 3 != 0,
        "deleted": deleted,
        "required": False,
        "display_order": number + 1,
    }
    if kind == "picklist":
        options = [firm.inner(option=name) for name in ("Low", "Medium", "High", "Once offered")]
        options[-1]["deleted_at"] = firm.stamp(20)
        row["picklist_options"] = options
    firm.add("custom_fields", row)


def legal_aid(firm: Firm) -> None:
    """Add the rates of legal aid in England and Wales."""
    regions = ("London", "Non-London", "London")
    for name in ("civil_certificated", "civil_controlled", "criminal_controlled"):
        firm.plain(f"lauk_{name}_rates", [{"region": region} for region in regions])
    rows = [{"rate": money(rate), "_london": money(rate + 345)} for rate in (4500, 5155, 9990)]
    firm.plain("lauk_expense_categories", rows)


SETTINGS = (
    "custom_actions",
    "document_templates",
    "settings_text_snippets",
    "task_calendars",
    "report_schedules",
    "report_presets",
    "reports",
    "bill_themes",
    "webhooks",
    "clio_file_submissions_reports",
    "court_rules_service_types",
)


def settings(firm: Firm) -> None:
    """Add settings, templates and reports."""
    for name in SETTINGS:
        firm.plain(name, [{} for _ in range(3)])
    for row in firm.made["webhooks"]:
        row |= {"events": ["created", "updated"], "fields": "id,etag"}
    lists = [{"name": name, "templates_count": 2} for name in ("Purchase", "Estate")]
    firm.plain("task_template_lists", lists)
    for row in firm.made["task_template_lists"]:
        firm.plain("task_templates", [{"task_template_list": row["id"]} for _ in range(2)])
    firm.plain("grant_funding_sources", named(("Bar fund", "State fund")))
    for number in range(3):
        source = firm.made["grant_funding_sources"][number % 2]
        both = {"grant_funding_source": source["id"], "funding_source_name": source["name"]}
        firm.plain("grants", [{"name": f"Grant {number + 1}", **both, "balance": "1000.00"}])
    billing = {
        "currency": "USD",
        "currency_sign": "$",
        "billing_currencies": [{"id": 1, "code": "USD"}],
        "tax_rate": 8.25,
    }
    firm.made["settings_billing"] = []
    schema = firm.catalog.singletons["settings_billing"].schema
    firm.add("settings_billing", firm.filled(schema, 1, billing), 700)


def court_rules(firm: Firm) -> None:
    """Add jurisdictions and their triggers."""
    services = [row["id"] for row in firm.made["court_rules_service_types"]]
    firm.plain("court_rules_jurisdictions", [{"service_types": services} for _ in range(2)])
    for row in firm.made["court_rules_jurisdictions"]:
        firm.plain("court_rules_triggers", [{"_jurisdiction": row["id"]} for _ in range(3)])

"""Where Clio's document and what is known of live Clio disagree: one list, each with its source.

The test of requests and the validating proxy let pass what stands here, and nothing else. An
entry that the document no longer needs fails a test.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Undocumented:
    """A query parameter with one value that is sent to a list which does not document it."""

    path: str
    name: str
    value: str
    source: str


ORDER_SENT_EVERYWHERE = (
    "paging by token needs order=id(asc), says the page on paging; a live connector sends it to"
    " every list, line items included, and Clio takes it"
)

_WITHOUT_ORDER = (
    "/activity_descriptions",
    "/activity_rates",
    "/bill_themes",
    "/billable_clients",
    "/billable_matters",
    "/calendar_entries",
    "/calendar_entry_event_types",
    "/clio_payments/links",
    "/clio_payments/payments",
    "/comments",
    "/currencies",
    "/custom_actions",
    "/damages",
    "/documents/{id}/versions",
    "/grant_funding_sources",
    "/grants",
    "/interest_charges",
    "/internal_notifications/my_events",
    "/lauk_civil_certificated_rates",
    "/lauk_civil_controlled_rates",
    "/lauk_criminal_controlled_rates",
    "/lauk_expense_categories",
    "/line_items",
    "/matter_stages",
    "/medical_records_details",
    "/outstanding_client_balances",
    "/relationships",
    "/report_schedules",
    "/reports",
    "/task_calendars",
)

EXCEPTIONS = tuple(
    Undocumented(f"{path}.json", "order", "id(asc)", ORDER_SENT_EVERYWHERE)
    for path in _WITHOUT_ORDER
)

NEVER_EMPTY = "The keyword `null` is not valid"
"""Every value that is not required may be null, sent or answered, but where its text says this.

No schema of the document declares a null, while its texts tell when fields are empty and which are
emptied with null, and live Clio answers null for what is empty.
"""

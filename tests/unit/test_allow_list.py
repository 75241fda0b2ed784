"""The list of what may ever be written, held against itself: it changes only with this test."""

import pytest

from sources.clio_http.catalog import read_catalog
from sources.clio_manage.writable import COLLECTIONS, NEVER, editables

CATALOG = read_catalog("clio_manage")
NEVER_WRITTEN = {
    "activities": "client_portal start_timer",
    "calendar_entries": "_deleted attendees conference_meeting send_email_notification",
    "communications": "notification_event_subscribers",
    "contacts": "avatar clio_connect_email currency",
    "documents": "communication_id copy_version fully_uploaded multiparts restore uuid",
    "matters": (
        "currency custom_rate evergreen_retainer matter_budget split_invoice_payers "
        "statute_of_limitations task_template_list_instances"
    ),
    "notes": "notification_event_subscribers",
    "tasks": "notify_assignee notify_completion",
}
WRITTEN = {
    "activities": (
        "activity_description.id calendar_entry.id communication.id contact_note.id date "
        "expense_category.id matter.id matter_note.id no_charge non_billable note price "
        "quantity reference task.id tax_setting text_message_conversation.id type user.id "
        "utbms_expense.id vendor.id"
    ),
    "calendar_entries": (
        "all_day calendar_entry_event_type.id calendar_owner.id description end_at "
        "external_properties[].name external_properties[].value location matter.id "
        "recurrence_rule start_at summary"
    ),
    "communications": (
        "body external_properties[].name external_properties[].value matter.id received_at "
        "subject type"
    ),
    "contacts": (
        "addresses[].city addresses[].country addresses[].name addresses[].postal_code "
        "addresses[].province addresses[].street company.id "
        "custom_field_set_associations[].display_order custom_field_values[] date_of_birth "
        "email_addresses[].address email_addresses[].default_email email_addresses[].name "
        "first_name instant_messengers[].address instant_messengers[].name "
        "kyc_field_values[].field_value last_name ledes_client_id middle_name name "
        "phone_numbers[].default_number phone_numbers[].name phone_numbers[].number prefix "
        "sales_tax_number title type web_sites[].address web_sites[].default_web_site "
        "web_sites[].name"
    ),
    "documents": (
        "document_category.id external_properties[].name external_properties[].value name "
        "parent.id parent.type received_at"
    ),
    "matters": (
        "billable client.id client_reference close_date "
        "custom_field_set_associations[].display_order custom_field_values[] description "
        "display_number group.id kyc_field_values[].field_value location matter_stage.id "
        "open_date originating_attorney.id pending_date practice_area.id "
        "responsible_attorney.id responsible_staff.id status"
    ),
    "notes": ("date detail detail_text_type subject"),
    "relationships": ("contact.id description matter.id"),
    "tasks": (
        "assignee.id assignee.type description description_text_type due_at matter.id name "
        "permission priority status task_type.id time_estimated"
    ),
}


def test_what_is_never_written_is_as_it_was() -> None:
    """What notifies people, changes payers and rates, or belongs to an upload or a deletion."""
    assert {name: " ".join(sorted(fields)) for name, fields in NEVER.items()} == NEVER_WRITTEN


def test_no_other_collection_is_written() -> None:
    """These nine, and nothing of money, users or webhooks."""
    assert sorted(WRITTEN) == sorted(COLLECTIONS)
    others = set(CATALOG.collections) - COLLECTIONS
    assert [name for name in sorted(others) if editables(CATALOG, name)] == []


@pytest.mark.parametrize("resource", sorted(WRITTEN))
def test_what_may_be_written_is_as_it_was(resource: str) -> None:
    """Each field by its name, whatever another version of Clio's document may offer."""
    assert sorted(editables(CATALOG, resource)) == WRITTEN[resource].split()
    never = NEVER_WRITTEN.get(resource, "").split()
    tops = {one.path[0] for one in editables(CATALOG, resource).values()}
    assert tops.isdisjoint(never)

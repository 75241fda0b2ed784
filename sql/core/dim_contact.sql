-- grain: one row per contact of Manage (contact_id)
-- materialized: table
-- Persons and companies of Manage, with the contact of Grow that is the same.
-- not_null: contact_id, _loaded_at
-- needs: staging.stg_manage__contacts
-- column: phone_digits: the digits of the first phone number, to compare with
with contacts as (
    select * from staging.stg_manage__contacts
),

links as (
    select manage_id, min(grow_id) as grow_contact_id
    from core.xref_grow_manage
    where grow_kind = 'contact' and status = 'linked'
    group by manage_id
)

select
    contacts.contact_id,
    contacts.contact_type,
    contacts.name,
    contacts.company_id,
    links.grow_contact_id,
    contacts.primary_email,
    contacts.primary_phone,
    nullif(regexp_replace(contacts.primary_phone, '[^0-9]', '', 'g'), '') as phone_digits,
    contacts.city,
    contacts.province,
    contacts.country,
    contacts.is_client,
    contacts.is_bill_recipient,
    contacts.is_deleted,
    contacts.created_at,
    contacts._loaded_at,
    'clio_manage' as _source_system
from contacts
left join links on links.manage_id = contacts.contact_id

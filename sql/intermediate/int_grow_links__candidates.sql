-- grain: one row per record of Grow, record of Manage and method (grow_kind, grow_id, manage_id,
--   method)
-- materialized: view
-- Everything that speaks for a record of Grow and one of Manage being the same; what was stored of
-- deleted contacts speaks for nothing.
-- needs: staging.stg_grow__contacts.named_manage_contact_id, staging.stg_grow__contacts.name,
--   staging.stg_grow__matters.named_manage_matter_id, staging.stg_grow__contact_emails.email,
--   staging.stg_grow__contact_phone_numbers.phone, staging.stg_manage__contacts.name,
--   staging.stg_manage__contact_email_addresses.email,
--   staging.stg_manage__contact_phone_numbers.phone for score
-- column: score: how much it says, from 0 to 1
with grow_contacts as (
    select
        grow_contact_id,
        named_manage_contact_id,
        regexp_replace(lower(strip_accents(name)), '[^\p{L}\p{N}]+', ' ', 'g') as norm_name
    from staging.stg_grow__contacts
    where not is_deleted
),

grow_emails as (
    select emails.grow_contact_id, lower(trim(emails.email)) as email
    from staging.stg_grow__contact_emails as emails
    inner join grow_contacts on grow_contacts.grow_contact_id = emails.grow_contact_id
    where trim(emails.email) <> ''
),

grow_phones as (
    select
        phones.grow_contact_id,
        right(regexp_replace(phones.phone, '[^0-9]', '', 'g'), 10) as digits
    from staging.stg_grow__contact_phone_numbers as phones
    inner join grow_contacts on grow_contacts.grow_contact_id = phones.grow_contact_id
),

manage_contacts as (
    select
        contact_id,
        regexp_replace(lower(strip_accents(name)), '[^\p{L}\p{N}]+', ' ', 'g') as norm_name
    from staging.stg_manage__contacts
    where not is_deleted
),

manage_emails as (
    select emails.contact_id, lower(trim(emails.email)) as email
    from staging.stg_manage__contact_email_addresses as emails
    inner join manage_contacts on manage_contacts.contact_id = emails.contact_id
    where trim(emails.email) <> ''
),

manage_phones as (
    select
        phones.contact_id,
        right(regexp_replace(phones.phone, '[^0-9]', '', 'g'), 10) as digits
    from staging.stg_manage__contact_phone_numbers as phones
    inner join manage_contacts on manage_contacts.contact_id = phones.contact_id
),

decisions as (
    select * from seeds.grow_link_decisions
),

pinned as (
    select grow_kind, grow_id, manage_id, 'pinned' as method, 1.0 as score from decisions
    where decision = 'pin'
),

named as (
    select
        'contact' as grow_kind,
        grow_contact_id as grow_id,
        named_manage_contact_id as manage_id,
        'named' as method,
        1.0 as score
    from grow_contacts
    where named_manage_contact_id is not null
    union all
    select 'matter', grow_matter_id, named_manage_matter_id, 'named', 1.0
    from staging.stg_grow__matters
    where named_manage_matter_id is not null and not is_deleted
),

guessed as (
    select
        'contact' as grow_kind,
        grow_emails.grow_contact_id as grow_id,
        manage_emails.contact_id as manage_id,
        'email' as method,
        0.9 as score
    from grow_emails
    inner join manage_emails on manage_emails.email = grow_emails.email
    union
    select 'contact', grow_phones.grow_contact_id, manage_phones.contact_id, 'phone', 0.8
    from grow_phones
    inner join manage_phones on manage_phones.digits = grow_phones.digits
    where length(grow_phones.digits) >= 7
    union
    select 'contact', grow_contacts.grow_contact_id, manage_contacts.contact_id, 'name', 0.6
    from grow_contacts
    inner join manage_contacts on manage_contacts.norm_name = grow_contacts.norm_name
    where length(trim(grow_contacts.norm_name)) > 3
),

candidates as (
    select * from pinned
    union all
    select * from named
    union all
    select * from guessed
)

select candidates.*
from candidates
left join decisions
    on
        decisions.decision = 'break'
        and decisions.grow_kind = candidates.grow_kind
        and decisions.grow_id = candidates.grow_id
        and decisions.manage_id = candidates.manage_id
where decisions.grow_id is null

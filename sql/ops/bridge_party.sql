-- grain: one row per party, matter, source and role (party_key, matter_key, role)
-- materialized: table
-- Everyone who plays a part in a matter, in Manage or in Grow, to search for conflicts. It helps
-- a person to decide and clears nobody.
-- not_null: party_key, role, name
-- accepted: source_system in (clio_manage,clio_grow)
-- needs: nothing
-- column: party_key: kind and id of the record, such as contact:123
-- column: matter_key: kind and id of the matter; none where there is no matter
-- column: norm_name: lower case, without accents, punctuation and legal forms
with contacts as (
    select contact_id, name, primary_email, primary_phone, company_id
    from staging.stg_manage__contacts
    where not is_deleted
),

matters as (
    select matter_id, client_id from staging.stg_manage__matters
    where not is_deleted
),

roles as (
    select client_id as contact_id, matter_id, 'client' as role from matters
    where client_id is not null
    union
    select contact_id, matter_id, coalesce(lower(description), 'related')
    from staging.stg_manage__relationships
    where not is_deleted
    union
    select contacts.company_id, matters.matter_id, 'company of the client'
    from matters
    inner join contacts on contacts.contact_id = matters.client_id
    where contacts.company_id is not null
    union
    select contact_id, matter_id, 'bill recipient'
    from staging.stg_manage__matter_bill_recipients
    where contact_id is not null
    union
    select contact_value_id, matter_id, 'custom field'
    from staging.stg_manage__matter_custom_field_values
    where contact_value_id is not null
),

manage_parties as (
    select
        concat('contact:', cast(contacts.contact_id as varchar)) as party_key,
        coalesce(concat('matter:', cast(roles.matter_id as varchar)), 'none') as matter_key,
        case when roles.matter_id is null then 'contact' else roles.role end as role,
        contacts.name,
        contacts.primary_email as email,
        contacts.primary_phone as phone,
        'clio_manage' as source_system
    from contacts
    left join roles on roles.contact_id = contacts.contact_id
),

grow_contacts as (
    select
        concat('grow_contact:', cast(contacts.grow_contact_id as varchar)) as party_key,
        case
            when matters.grow_matter_id is null then 'none'
            else concat('grow_matter:', cast(matters.grow_matter_id as varchar))
        end as matter_key,
        case when matters.grow_matter_id is null then 'contact' else 'client' end as role,
        contacts.name,
        contacts.primary_email as email,
        contacts.primary_phone as phone,
        'clio_grow' as source_system
    from staging.stg_grow__contacts as contacts
    left join staging.stg_grow__matters as matters
        on matters.grow_contact_id = contacts.grow_contact_id and not matters.is_deleted
    where not contacts.is_deleted
),

leads as (
    select
        concat('lead:', cast(inbox_lead_id as varchar)) as party_key,
        'none' as matter_key,
        'lead' as role,
        trim(concat_ws(' ', first_name, last_name)) as name,
        email,
        nullif(trim(phone_number), '') as phone,
        'clio_grow' as source_system
    from staging.stg_grow__inbox_leads
    where not is_deleted
),

parties as (
    select * from manage_parties
    union all
    select * from grow_contacts
    union all
    select * from leads
)

select
    party_key,
    matter_key,
    role,
    coalesce(name, '') as name,
    trim(
        regexp_replace(
            regexp_replace(lower(strip_accents(coalesce(name, ''))), '[^\p{L}\p{N}]+', ' ', 'g'),
            '\b(inc|llc|llp|ltd|limited|corp|corporation|company|co|gmbh|plc|pc)\b', ' ', 'g'
        )
    ) as norm_name,
    lower(email) as email,
    nullif(regexp_replace(phone, '[^0-9]', '', 'g'), '') as phone_digits,
    source_system
from parties

-- grain: one row per contact
-- materialized: view
-- Persons and companies.
-- unique: contact_id
-- not_null: contact_id, contact_type
-- accepted: contact_type in (Person,Company) [warn]
with source as (
    select * from raw_clio_manage.contacts
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'contacts'
),

renamed as (
    select
        source.id as contact_id,
        source.type as contact_type,
        source.name,
        source.first_name,
        source.middle_name,
        source.last_name,
        source.prefix,
        source.title,
        source.company__id as company_id,
        source.currency__id as currency_id,
        source.ledes_client_id,
        source.sales_tax_number,
        source.date_of_birth,
        coalesce(source.is_client, false) as is_client,
        coalesce(source.is_bill_recipient, false) as is_bill_recipient,
        coalesce(source.is_co_counsel, false) as is_co_counsel,
        source.created_at,
        source.updated_at,
        nullif(lower(trim(source.primary_email_address)), '') as primary_email,
        nullif(trim(source.primary_phone_number), '') as primary_phone,
        source.primary_address__city as city,
        source.primary_address__province as province,
        source.primary_address__postal_code as postal_code,
        source.primary_address__country as country,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed

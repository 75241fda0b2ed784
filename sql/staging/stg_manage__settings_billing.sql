-- grain: one row
-- materialized: view
-- The account's billing settings.
-- unique: id
-- not_null: id
with source as (
    select * from raw_clio_manage.settings_billing
),

renamed as (
    select
        source.id,
        source.currency as currency_code,
        cast(source.rounded_duration as decimal(18, 4)) as rounded_duration,
        source.rounding,
        cast(source.tax_rate as decimal(18, 4)) as tax_rate,
        cast(source.secondary_tax_rate as decimal(18, 4)) as secondary_tax_rate,
        coalesce(source.use_secondary_tax, false) as use_secondary_tax,
        coalesce(source.multi_currency_billing, false) as is_multi_currency,
        source._synced_at as _loaded_at
    from source
)

select * from renamed

-- grain: one row per record and custom field (parent_type, record_id, custom_field_id)
-- materialized: view
-- Values of custom fields by the id and the type of the field. Of a field that was deleted the
-- last known value is kept.
-- accepted: parent_type in (Matter,Contact)
-- column: option: the present name of the option of a pick list
-- column: reference_id: the contact or matter that the value points at
-- column: is_readable: there is no value, or it is one of the field's type
with fields as (
    select * from staging.stg_manage__custom_fields
),

options as (
    select * from staging.stg_manage__custom_field_options
),

present as (
    select
        'Matter' as parent_type,
        matter_id as record_id,
        custom_field_id,
        value,
        picklist_option_id
    from staging.stg_manage__matter_custom_field_values
    union all
    select 'Contact', contact_id, custom_field_id, value, picklist_option_id
    from staging.stg_manage__contact_custom_field_values
),

earlier as (
    select
        'Matter' as parent_type,
        matter_id as record_id,
        custom_field_id,
        value,
        picklist_option_id,
        replaced_at
    from staging.stg_manage__matter_version_custom_field_values
    union all
    select 'Contact', contact_id, custom_field_id, value, picklist_option_id, replaced_at
    from staging.stg_manage__contact_version_custom_field_values
),

last_known as (
    select
        earlier.parent_type,
        earlier.record_id,
        earlier.custom_field_id,
        earlier.value,
        earlier.picklist_option_id,
        row_number() over (
            partition by earlier.parent_type, earlier.record_id, earlier.custom_field_id
            order by earlier.replaced_at desc
        ) as place
    from earlier
    inner join fields
        on fields.custom_field_id = earlier.custom_field_id and fields.is_deleted
    left join present
        on
            present.parent_type = earlier.parent_type
            and present.record_id = earlier.record_id
            and present.custom_field_id = earlier.custom_field_id
    where present.record_id is null
),

found as (
    select * from present
    union all
    select parent_type, record_id, custom_field_id, value, picklist_option_id from last_known
    where place = 1
),

typed as (
    select
        found.parent_type,
        found.record_id,
        found.custom_field_id,
        fields.field_type,
        nullif(found.value, '') as value,
        case when fields.field_type = 'checkbox' then try_cast(found.value as boolean) end
            as boolean_value,
        case when fields.field_type = 'currency' then try_cast(found.value as decimal(18, 2)) end
            as money_value,
        case when fields.field_type = 'numeric' then try_cast(found.value as decimal(38, 10)) end
            as number_value,
        case when fields.field_type = 'date' then try_cast(found.value as date) end as date_value,
        case when fields.field_type = 'time' then try_cast(found.value as time) end as time_value,
        case
            when fields.field_type = 'picklist'
                then coalesce(found.picklist_option_id, try_cast(found.value as bigint))
        end as option_id,
        case
            when fields.field_type in ('contact', 'matter') then try_cast(found.value as bigint)
        end as reference_id,
        case
            when fields.field_type in ('email', 'text_area', 'text_line', 'url') then found.value
        end as text_value
    from found
    inner join fields on fields.custom_field_id = found.custom_field_id
)

select
    typed.*,
    options.option,
    typed.value is null
    or coalesce(
        cast(typed.boolean_value as varchar),
        cast(typed.money_value as varchar),
        cast(typed.number_value as varchar),
        cast(typed.date_value as varchar),
        cast(typed.time_value as varchar),
        cast(typed.option_id as varchar),
        cast(typed.reference_id as varchar),
        typed.text_value
    ) is not null as is_readable
from typed
left join options
    on
        options.custom_field_id = typed.custom_field_id
        and options.picklist_option_id = typed.option_id

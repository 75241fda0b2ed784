-- Write phone numbers as +16045550100, where it is certain what they are: numbers of North America
-- with all their digits, and numbers that begin with + and the code of a country. What holds
-- letters, such as an extension, is left alone.
with numbers as (

    select
        id,
        json_extract_string(phone, '$.id') as phone_id,
        json_extract_string(phone, '$.number') as number,
        regexp_replace(json_extract_string(phone, '$.number'), '[^0-9]', '', 'g') as digits
    from (
        select id, unnest(from_json(phone_numbers, '["JSON"]')) as phone
        from raw_clio_manage.contacts
        where cast(id as varchar) not in (
            select record_id from meta.tombstones
            where source = 'clio_manage' and resource = 'contacts' and revived_at is null
        )
    )

),

normalised as (

    select
        id,
        phone_id,
        number,
        case
            when regexp_full_match(digits, '[2-9][0-9]{2}[2-9][0-9]{6}') and number not like '+%'
                then '+1' || digits
            when regexp_full_match(digits, '1[2-9][0-9]{2}[2-9][0-9]{6}') then '+' || digits
            when number like '+%' and regexp_full_match(digits, '[2-9][0-9]{7,14}')
                then '+' || digits
        end as written
    from numbers
    where regexp_full_match(trim(number), '[+]?[0-9 ()./-]+')

)

select
    'contacts' as resource,
    id,
    'phone_numbers[' || phone_id || '].number' as field,
    written as new_value,
    'phone numbers are written in one way' as reason
from normalised
where written is not null and written <> number
order by id, phone_id

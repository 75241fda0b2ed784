-- Values of custom fields that are not of their field's type; their column is empty.
-- severity: warn
select parent_type, record_id, custom_field_id, field_type
from intermediate.int_custom_fields__values
where not is_readable

with source as (

    select * from {{ source('raw_hubspot', 'property_history') }}

)

select
    object_type,
    record_id as hubspot_record_id,
    property as property_name,
    changed_at,
    value as property_value,
    source_type,
    source_id,
    source_label,
    updated_by_user_id as hubspot_user_id
from source

with source as (

    select * from {{ source('raw_hubspot', 'property_definitions') }}

)

select
    object_type,
    name as property_name,
    {{ json_text('definition', 'label') }} as property_label,
    {{ json_text('definition', 'type') }} as property_type,
    {{ json_text('definition', 'fieldType') }} as field_type,
    {{ json_text('definition', 'groupName') }} as group_name,
    {{ json_text('definition', 'options') }} as allowed_options,
    coalesce(cast({{ json_text('definition', 'hasUniqueValue') }} as boolean), false) as has_unique_value,
    coalesce(cast({{ json_text('definition', 'hubspotDefined') }} as boolean), false) as is_hubspot_defined,
    archived as is_archived
from source

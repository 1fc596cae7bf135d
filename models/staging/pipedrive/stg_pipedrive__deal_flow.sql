with source as (

    select * from {{ source('raw_pipedrive', 'deal_flow') }}

)

select
    deal_id,
    cast(item_id as bigint) as flow_item_id,
    field_key as field,
    old_value,
    new_value,
    changed_at
from source
-- The flow of a deal into which another one was merged may tell of that one, too.
where coalesce({{ json_text('item', 'item_id') }}, deal_id) = deal_id

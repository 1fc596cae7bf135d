with source as (

    select * from {{ source('raw_yobi', 'calls_by_tenant') }}

)

select
    week_start,
    read_at,
    tenant_id,
    first_day,
    last_day,
    total_calls - internal_calls as total_calls
from source

with source as (

    select * from {{ source('raw_yobi', 'missing_metrics') }}

)

select
    week_start,
    metric,
    read_at,
    tenant_id,
    reason
from source

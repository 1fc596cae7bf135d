with source as (

    select * from {{ source('raw_yobi', 'tasks_by_tenant') }}

)

select
    week_start,
    read_at,
    tenant_id,
    first_day,
    last_day,
    created - internal_created as tasks_created
from source

with source as (

    select * from {{ source('raw_pipedrive', 'deal_flow_reads') }}

)

select
    deal_id,
    read_at,
    pipeline_id as pipeline_id_when_read,
    stage_id as stage_id_when_read,
    due_since is not null as is_behind
from source
where read_at is not null

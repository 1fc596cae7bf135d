with source as (

    select * from {{ ref('plan_groups') }}

)

select
    trim(plan_id) as plan_id,
    trim(plan_group) as plan_group
from source

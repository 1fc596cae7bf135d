with kinds as (

    {{ rows_of(['stage', 'manager'], 'kind') }}

),

locks as (

    select * from {{ ref('locks_in_force') }}

)

select
    kinds.kind,
    count(locks.company_id) as in_force,
    count(case when locks.expires_within_7_days then 1 end) as expiring_within_7_days,
    min(locks.expires_at) as next_expiry_at
from kinds
left join locks on kinds.kind = locks.kind
group by kinds.kind

{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

select
    company_id,
    skip_reason as reason,
    {{ built_as_of('int_journey__current_decisions') }} as decided_at
from {{ ref('int_journey__current_decisions') }}
where skip_reason <> 'unknown'

select
    company_id,
    skip_reason as reason,
    decided_at
from {{ ref('int_journey__decisions') }}
where skip_reason is not null

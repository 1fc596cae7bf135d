select
    sync,
    key,
    first_seen_at,
    last_seen_at,
    resolved_at,
    resolution,
    attempts,
    is_parked,
    last_outcome,
    last_message,
    last_request_id
from {{ ref('int_activation_health__failing_spells') }}

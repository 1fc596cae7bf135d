select
    drift_id,
    sync,
    destination,
    key,
    property,
    kind,
    acknowledged_at,
    found_at,
    changed_by,
    resolved_at,
    resolution,
    days_open
from {{ ref('int_activation_health__drift') }}

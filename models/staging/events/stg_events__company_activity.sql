with source as (

    select events.*
    {{ from_events([
        'company_created',
        'company_updated',
        'subscription_changed',
        'payment_received',
        'zoom_meeting_held',
        'company_inactive',
        'cs_stage_lock_set',
        'cs_stage_lock_released',
        'cs_manager_lock_set',
        'cs_manager_lock_released',
    ]) }}

)

select
    event_id,
    content_hash,
    event_type,
    occurred_at,
    received_at,
    {{ json_text('data', 'company_id') }} as company_id
from source

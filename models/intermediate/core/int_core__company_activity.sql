with activity as (

    select * from {{ ref('stg_events__company_activity') }}

)

select
    company_id,
    max(occurred_at) as last_event_at,
    max(
        case
            when event_type not in ('payment_received', 'zoom_meeting_held', 'company_inactive')
                then occurred_at
        end
    ) as last_journey_event_at
from activity
group by company_id

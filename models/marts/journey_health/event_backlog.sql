with waiting_events as (

    select * from {{ ref('int_journey_health__waiting_events') }}

)

select
    {{ as_of() }} as known_at,
    count(*) as unprocessed_events,
    count(distinct company_id) as companies,
    min(waiting_since) as oldest_since,
    greatest({{ seconds_between('min(waiting_since)', as_of()) }}, 0) as oldest_age_seconds
from waiting_events

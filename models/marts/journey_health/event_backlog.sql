with waiting_events as (

    select * from {{ ref('int_journey_health__waiting_events') }}

),

counted as (

    select
        count(*) as unprocessed_events,
        count(distinct company_id) as companies,
        min(waiting_since) as oldest_since
    from waiting_events

)

select
    {{ as_of() }} as known_at,
    unprocessed_events,
    companies,
    oldest_since,
    case
        when oldest_since > {{ as_of() }} then 0
        else {{ seconds_between('oldest_since', as_of()) }}
    end as oldest_age_seconds
from counted

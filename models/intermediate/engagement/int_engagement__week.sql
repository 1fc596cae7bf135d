{%- set zone = job_timezone() -%}

-- Weeks are seven local days, from a Sunday on: one has an hour less when the clocks go forward.
with today as (

    select {{ local_day(as_of(), zone) }} as local_day

),

this_week as (

    select {{ days_later('local_day', '-' ~ days_since_sunday('local_day')) }} as first_day
    from today

),

last_week as (

    select
        {{ days_later('first_day', '-7') }} as first_day,
        {{ days_later('first_day', '-1') }} as last_day,
        first_day as day_after
    from this_week

)

select
    first_day,
    last_day,
    {{ start_of_local_day('first_day', zone) }} as week_start,
    {{ dbt.dateadd('millisecond', -1, start_of_local_day('day_after', zone)) }} as week_end,
    '{{ zone }}' as time_zone
from last_week

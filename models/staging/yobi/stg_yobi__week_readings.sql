with source as (

    select * from {{ source('raw_yobi', 'week_readings') }}

)

select
    week_start,
    metric,
    read_at,
    last_read_at,
    week_end,
    time_zone,
    period,
    has_user_figures
from source

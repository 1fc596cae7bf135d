{%- set restated_week = engagement_week_to_restate() -%}

with this_week as (

    select * from {{ ref('int_engagement__week') }}

),

-- Read in all three metrics: an earlier week may have been landed afterwards.
read_weeks as (

    select
        week_start as first_day,
        week_end as last_day
    from {{ ref('stg_yobi__week_readings') }}
    group by week_start, week_end
    having count(distinct metric) = 3

),

weeks as (

    select
        first_day,
        last_day
    from this_week

    union distinct

    select
        read_weeks.first_day,
        read_weeks.last_day
    from read_weeks
    inner join this_week on read_weeks.first_day < this_week.first_day

),

scored as (

    {{ earlier_rows(source('engagement_state', 'customer_engagement_versions'), {
        'first_day': 'date',
        'version': 'integer',
    }) }}

),

last_versions as (

    select
        first_day,
        max(version) as version
    from scored
    group by first_day

)

select
    weeks.first_day,
    weeks.last_day,
    {{ start_of_local_day('weeks.first_day', job_timezone()) }} as week_start,
    {{ dbt.dateadd('millisecond', -1, start_of_local_day(days_later('weeks.last_day', 1), job_timezone())) }} as week_end,
    weeks.first_day = this_week.first_day as is_this_week,
    coalesce(last_versions.version, 0) as last_version,
    (
        last_versions.version is null
        {% if restated_week %}
            or weeks.first_day = cast('{{ restated_week }}' as date)
        {% endif %}
    ) as is_due
from weeks
cross join this_week
left join last_versions on weeks.first_day = last_versions.first_day

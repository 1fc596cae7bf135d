with weeks as (

    select * from {{ ref('int_engagement__weeks') }}
    where is_due or is_this_week

),

-- What was read last of a week counts.
readings as (

    select
        week_start as first_day,
        metric,
        max(read_at) as read_at
    from {{ ref('stg_yobi__week_readings') }}
    group by week_start, metric

),

calls as (

    select
        figures.week_start as first_day,
        figures.tenant_id,
        cast(sum(figures.total_calls) as bigint) as total_calls
    from {{ ref('stg_yobi__calls') }} as figures
    inner join readings
        on
            figures.week_start = readings.first_day
            and figures.read_at = readings.read_at
            and readings.metric = 'calls'
    group by figures.week_start, figures.tenant_id

),

tasks as (

    select
        figures.week_start as first_day,
        figures.tenant_id,
        cast(sum(figures.tasks_created) as bigint) as tasks_created
    from {{ ref('stg_yobi__tasks') }} as figures
    inner join readings
        on
            figures.week_start = readings.first_day
            and figures.read_at = readings.read_at
            and readings.metric = 'tasks'
    group by figures.week_start, figures.tenant_id

),

appointments as (

    select
        figures.week_start as first_day,
        figures.tenant_id,
        cast(sum(figures.total_appointments) as bigint) as total_appointments,
        cast(sum(figures.new_patient_appointments) as bigint) as new_patient_appointments
    from {{ ref('stg_yobi__appointments') }} as figures
    inner join readings
        on
            figures.week_start = readings.first_day
            and figures.read_at = readings.read_at
            and readings.metric = 'appointments'
    group by figures.week_start, figures.tenant_id

),

-- A tenant of which only some locations are told is as unknown as one of which nothing is.
missing as (

    select
        missing.week_start as first_day,
        missing.tenant_id,
        max(case when missing.metric = 'calls' then 1 else 0 end) = 1 as lacks_calls,
        max(case when missing.metric = 'tasks' then 1 else 0 end) = 1 as lacks_tasks,
        max(case when missing.metric = 'appointments' then 1 else 0 end) = 1 as lacks_appointments
    from {{ ref('stg_yobi__missing_metrics') }} as missing
    inner join readings
        on
            missing.week_start = readings.first_day
            and missing.read_at = readings.read_at
            and missing.metric = readings.metric
    group by missing.week_start, missing.tenant_id

),

tenant_weeks as (

    select
        first_day,
        tenant_id
    from calls

    union distinct

    select
        first_day,
        tenant_id
    from tasks

    union distinct

    select
        first_day,
        tenant_id
    from appointments

)

select
    tenant_weeks.first_day,
    tenant_weeks.tenant_id,
    case when not coalesce(missing.lacks_appointments, false) then appointments.new_patient_appointments end
        as new_patient_appointments,
    case when not coalesce(missing.lacks_appointments, false) then appointments.total_appointments end
        as total_appointments,
    case when not coalesce(missing.lacks_tasks, false) then tasks.tasks_created end as tasks_created,
    case when not coalesce(missing.lacks_calls, false) then calls.total_calls end as total_calls
from tenant_weeks
inner join weeks on tenant_weeks.first_day = weeks.first_day
left join calls on tenant_weeks.first_day = calls.first_day and tenant_weeks.tenant_id = calls.tenant_id
left join tasks on tenant_weeks.first_day = tasks.first_day and tenant_weeks.tenant_id = tasks.tenant_id
left join appointments
    on tenant_weeks.first_day = appointments.first_day and tenant_weeks.tenant_id = appointments.tenant_id
left join missing on tenant_weeks.first_day = missing.first_day and tenant_weeks.tenant_id = missing.tenant_id

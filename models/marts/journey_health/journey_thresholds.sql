-- State: `since` is carried over from this table's own previous content, as in review_queue.

with runs as (

    select * from {{ ref('int_journey_health__runs') }}

),

-- The record's clock is the server's: the day before its newest instant.
last_day as (

    select {{ dbt.dateadd('hour', -24, 'max(started_at)') }} as since
    from runs

),

recent_runs as (

    select runs.*
    from runs
    cross join last_day
    where runs.started_at > last_day.since

),

worst_buckets as (

    select
        manager_balance.*,
        row_number() over (
            order by
                overload desc,
                most desc,
                {{ bytewise('cs_stage') }},
                {{ bytewise('region') }},
                {{ bytewise('arr_range') }}
        ) as place
    from {{ ref('manager_balance') }} as manager_balance
    -- Of a few companies, one more is much.
    where scope = 'bucket' and managers > 1 and fair_share >= 10

),

worst_syncs as (

    select
        failing_syncs.*,
        row_number() over (order by failed_in_a_row desc, {{ bytewise('sync') }}) as place
    from {{ ref('failing_syncs') }} as failing_syncs

),

defaulted_inputs as (

    select * from {{ ref('defaulted_inputs') }}

),

measured as (

    select
        'cs_error_rate' as metric,
        cs_error_rate as value, -- noqa: RF04
        {{ var('max_cs_error_rate') }} as threshold,
        cs_error_companies || ' of ' || companies || ' companies are cs_error' as finding,
        'journey.review_queue says why of each: mend its data, or set a stage lock.' as advice
    from {{ ref('cs_error_rate') }}
    where is_latest

    union all

    select
        'manager_overload' as metric,
        overload as value, -- noqa: RF04
        {{ var('max_manager_overload') }} as threshold,
        'One manager of ' || cs_stage || ', ' || region || ', ' || arr_range || ' holds ' || most
        || ' companies, ' || round(fair_share, 1) || ' would be even' as finding,
        'Companies stay with whom they have: raise lead_intake only of those with few, or move some by hand.'
            as advice
    from worst_buckets
    where place = 1

    union all

    select
        'defaulted_arr_share' as metric,
        share_relying_on_default as value, -- noqa: RF04
        {{ var('max_defaulted_arr_share') }} as threshold,
        companies_relying_on_default || ' of ' || companies_relying
        || ' companies were decided by an ARR range that nobody knows' as finding,
        'Look whether subscription_changed events still come: without one the range is 1-2000.' as advice
    from defaulted_inputs
    where input = 'arr_range'

    union all

    select
        'unknown_region_share' as metric,
        share_relying_on_default as value, -- noqa: RF04
        {{ var('max_unknown_region_share') }} as threshold,
        companies_relying_on_default || ' of ' || companies_relying
        || ' companies got their manager without a known region' as finding,
        'Add their countries (core.companies) to seeds/reference/country_regions.csv, or have them sent.' as advice
    from defaulted_inputs
    where input = 'region'

    union all

    select
        'event_age_hours' as metric,
        round(cast(oldest_age_seconds as {{ decimal_type() }}) / 3600, 6) as value, -- noqa: RF04
        {{ var('max_event_age_hours') }} as threshold,
        unprocessed_events || ' company events waited for this run, the oldest for '
        || round(cast(oldest_age_seconds as {{ decimal_type() }}) / 3600, 1) || ' hours' as finding,
        'Look in journey_health.journey_runs why no run decided meanwhile, or whether none was started.' as advice
    from {{ ref('event_backlog') }}
    where unprocessed_events > 0

    union all

    select
        'refused_runs' as metric,
        count(*) as value, -- noqa: RF04
        {{ var('max_refused_runs') }} as threshold,
        count(*) || ' builds were refused within a day' as finding,
        'journey_health.journey_runs says why of each: mostly, two schedules build at the same time.' as advice
    from recent_runs
    where outcome = 'refused'

    union all

    select
        'lock_wait_seconds' as metric,
        max(lock_wait_seconds) as value, -- noqa: RF04
        {{ var('max_lock_wait_seconds') }} as threshold,
        'A build waited ' || round(max(lock_wait_seconds), 1) || ' seconds for the lock of the log' as finding,
        'Another build or a session held it: build through millrace or Dagster alone, and close that session.'
            as advice
    from recent_runs
    having max(lock_wait_seconds) is not null

    union all

    select
        'failed_syncs' as metric,
        failed_in_a_row as value, -- noqa: RF04
        {{ var('max_failed_syncs') }} as threshold,
        sync || ' failed ' || failed_in_a_row || ' times in a row' as finding,
        'millrace sync status says why; then run: millrace sync run ' || sync as advice
    from worst_syncs
    where place = 1

),

breached_before as (

    {% if this is string or load_relation(this) is not none %}
        select
            metric,
            since
        from {{ this }}
        where since is not null
    {% else %}
        select
            cast(null as {{ api.Column.translate_type('string') }}) as metric,
            cast(null as {{ instant_type() }}) as since
        where 1 = 0
    {% endif %}

)

select
    measured.metric,
    cast(measured.value as {{ decimal_type() }}) as value, -- noqa: RF04
    cast(measured.threshold as {{ decimal_type() }}) as threshold,
    coalesce(measured.value > measured.threshold, false) as is_breached,
    case
        when measured.value > measured.threshold then coalesce(breached_before.since, {{ as_of() }})
    end as since,
    measured.finding,
    measured.advice
from measured
left join breached_before on measured.metric = breached_before.metric

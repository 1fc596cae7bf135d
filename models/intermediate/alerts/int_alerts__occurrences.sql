{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set hours = 24 * var('alert_days') -%}

with runs as (

    select * from {{ ref('stg_ops__sync_runs') }}

),

-- The ledger's clock is the server's, and goes on after the build whose as_of is written here.
ledger as (

    select {{ dbt.dateadd('hour', -hours, 'max(coalesce(finished_at, started_at))') }} as told_since
    from runs

),

outstanding as (

    select
        outstanding.*,
        {{ destination_of('outstanding.sync') }} as destination
    from {{ ref('stg_ops__sync_outstanding') }} as outstanding

),

drift as (

    select * from {{ ref('stg_ops__sync_drift') }}

),

review_queue as (

    select * from {{ ref('review_queue') }}

),

thresholds as (

    select * from {{ ref('journey_thresholds') }}

),

journey_runs as (

    select * from {{ ref('int_journey_health__runs') }}

),

journey_record as (

    select
        {{ dbt.dateadd('hour', -hours, 'max(started_at)') }} as told_since,
        max(case when outcome = 'decided' and message is null then started_at end) as last_good_at,
        max(case when outcome = 'decided' then started_at end) as last_decided_at
    from journey_runs

),

refusals as (

    select count(*) as since_a_decision
    from journey_runs
    cross join journey_record
    where
        journey_runs.outcome = 'refused'
        and (journey_record.last_decided_at is null or journey_runs.started_at > journey_record.last_decided_at)

),

-- A refused build has changed nothing, and whoever started it was told. But where all are refused, such
-- as after one as of a time to come, no build is left that would find the threshold exceeded.
broken_runs as (

    select
        journey_runs.run_id,
        journey_runs.message,
        coalesce(journey_runs.ended_at, journey_runs.started_at) as ended_at,
        min(journey_runs.started_at) over () as first_began_at
    from journey_runs
    cross join journey_record
    cross join refusals
    where
        (journey_runs.outcome <> 'refused' or refusals.since_a_decision > {{ var('max_refused_runs') }})
        and journey_runs.message is not null
        and journey_runs.started_at > journey_record.told_since
        and (journey_record.last_good_at is null or journey_runs.started_at > journey_record.last_good_at)

),

occurrences as (

    select
        'parked' as topic,
        outstanding.sync as subject,
        {{ utc_day_text('outstanding.parked_at') }} as occasion,
        outstanding.key as item,
        '' as occurrence,
        outstanding.status as kind,
        outstanding.message as reason,
        outstanding.parked_at as occurred_at
    from outstanding
    cross join ledger
    where outstanding.parked_at > ledger.told_since

    union all

    select
        'unsure' as topic,
        outstanding.sync as subject,
        {{ utc_day_text('outstanding.last_seen_at') }} as occasion,
        outstanding.key as item,
        '' as occurrence,
        outstanding.status as kind,
        outstanding.message as reason,
        outstanding.last_seen_at as occurred_at
    from outstanding
    cross join ledger
    where
        outstanding.status = 'unsure'
        and outstanding.last_seen_at > ledger.told_since
        -- Elsewhere the next run finds out by itself.
        and {{ goes_to_people('outstanding.destination') }}

    union all

    select
        'run' as topic,
        runs.sync as subject,
        runs.run_id as occasion,
        runs.run_id as item,
        '' as occurrence,
        runs.status as kind,
        runs.message as reason,
        coalesce(runs.finished_at, runs.started_at) as occurred_at
    from runs
    cross join ledger
    where
        runs.status in ('failed', 'stopped')
        and coalesce(runs.finished_at, runs.started_at) > ledger.told_since
        -- They would have one alert more to send each time that they cannot.
        and runs.sync not in ('slack_alerts', 'email_alerts')

    union all

    select
        'drift' as topic,
        drift.sync as subject,
        {{ utc_day_text('drift.found_at') }} as occasion,
        drift.key as item,
        drift.property || '/' || drift.drift_id as occurrence,
        drift.kind,
        cast(null as {{ api.Column.translate_type('string') }}) as reason,
        drift.found_at as occurred_at
    from drift
    cross join ledger
    where drift.found_at > ledger.told_since

    union all

    select
        'review' as topic,
        topic as subject,
        {{ utc_day_text('since') }} as occasion,
        company_id as item,
        '' as occurrence,
        topic as kind,
        cast(null as {{ api.Column.translate_type('string') }}) as reason,
        since as occurred_at
    from review_queue
    where since > {{ dbt.dateadd('hour', -hours, as_of()) }}

    union all

    select
        'journey' as topic,
        'build' as subject,
        {{ utc_day_text('first_began_at') }} as occasion,
        run_id as item,
        '' as occurrence,
        'failed' as kind,
        message as reason,
        ended_at as occurred_at
    from broken_runs

    union all

    select
        'journey' as topic,
        metric as subject,
        {{ utc_day_text('since') }} as occasion,
        finding as item,
        '' as occurrence,
        'breached' as kind,
        advice as reason,
        since as occurred_at
    from thresholds
    where is_breached and since > {{ dbt.dateadd('hour', -hours, as_of()) }}

)

select
    topic || ':' || subject || ':' || occasion as alert_id,
    topic,
    subject,
    occasion,
    item,
    occurrence,
    kind,
    substring(reason, 1, 300) as reason,
    occurred_at
from occurrences

{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook="{{ take_journey_lock() }}",
    )
}}

{%- set columns = ['tenant_id'] + engagement_metrics() + ['score', 'rank', 'ranked_companies'] %}
{%- set reason = var('restatement_reason') %}

-- Append-only state: what was published of a week stays, whatever is known of it later. A week enters with
-- the first complete build after it, and again when it is restated and comes out otherwise.

with week_states as (

    select * from {{ ref('int_engagement__week_states') }}
    where is_due and is_complete

),

ranks as (

    select
        week_states.week_start,
        week_states.week_end,
        week_states.last_version,
        week_states.customers,
        week_states.mapped_customers,
        ranks.*,
        customers.company_name,
        customers.hubspot_rank as hubspot_rank_before
    from {{ ref('int_engagement__ranks') }} as ranks
    inner join week_states on ranks.first_day = week_states.first_day
    inner join {{ ref('int_engagement__customers') }} as customers on ranks.company_id = customers.company_id

),

{% if is_incremental() -%}

latest as (

    select versions.*
    from {{ this }} as versions
    inner join week_states
        on versions.first_day = week_states.first_day and versions.version = week_states.last_version

),

-- Weeks of which anything differs from their last version: a company more or less, or another figure.
differing as (

    select coalesce(ranks.first_day, latest.first_day) as first_day
    from ranks
    full outer join latest on ranks.first_day = latest.first_day and ranks.company_id = latest.company_id
    where
        ranks.company_id is null
        or latest.company_id is null
        {%- for column in columns %}
            or ranks.{{ column }} <> latest.{{ column }}
        {%- endfor %}
    group by coalesce(ranks.first_day, latest.first_day)

),

-- Since this run looked, another one may have scored the week.
standing as (

    select
        first_day,
        max(version) as version
    from {{ this }}
    group by first_day

)

{%- else -%}

differing as (

    select first_day from week_states

),

latest as (

    select
        cast(null as date) as first_day,
        cast(null as {{ api.Column.translate_type('string') }}) as company_id,
        cast(null as {{ api.Column.translate_type('string') }}) as hubspot_rank_before
    from week_states
    where 1 = 0

),

standing as (

    select
        first_day,
        0 as version
    from week_states

)

{%- endif %}

select
    ranks.week_start,
    ranks.week_end,
    ranks.first_day,
    ranks.company_id,
    ranks.last_version + 1 as version,
    ranks.company_name,
    ranks.tenant_id,
    ranks.new_patient_appointments,
    ranks.total_appointments,
    ranks.tasks_created,
    ranks.total_calls,
    ranks.score,
    ranks.rank,
    ranks.ranked_companies,
    ranks.rank_label,
    ranks.tier,
    ranks.customers,
    ranks.mapped_customers,
    case when ranks.last_version = 0 then ranks.hubspot_rank_before else latest.hubspot_rank_before end
        as hubspot_rank_before,
    {{ as_of() }} as scored_at,
    case when ranks.last_version > 0 then {{ as_of() }} end as restated_at,
    case when ranks.last_version > 0 then {{ text_literal(reason) if reason else "'not given'" }} end as reason,
    case
        when {{ another_run_built_inputs_of('model.millrace.customer_engagement_versions') }}
            then {{ refuse(
                "'Another build is at work on the ranking: nothing was written. Build again when it has finished.'"
            ) }}
        when coalesce(standing.version, 0) <> ranks.last_version
            then {{ refuse(
                "'Another run scored the week after this one had begun: nothing was written. Build again.'"
            ) }}
        else '{{ invocation_id }}'
    end as run_id
from ranks
inner join differing on ranks.first_day = differing.first_day
left join latest on ranks.first_day = latest.first_day and ranks.company_id = latest.company_id
left join standing on ranks.first_day = standing.first_day

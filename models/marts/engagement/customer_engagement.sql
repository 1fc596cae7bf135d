{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with versions as (

    select
        {{ ref('customer_engagement_versions') }}.*,
        max(version) over (partition by first_day) as last_version
    from {{ ref('customer_engagement_versions') }}

),

-- As long as figures are missing, the week is shown as far as it goes, and not published.
preliminary as (

    select
        ranks.*,
        week_states.week_start,
        week_states.week_end,
        customers.company_name,
        customers.hubspot_rank
    from {{ ref('int_engagement__ranks') }} as ranks
    inner join {{ ref('int_engagement__week_states') }} as week_states on ranks.first_day = week_states.first_day
    inner join {{ ref('int_engagement__customers') }} as customers on ranks.company_id = customers.company_id
    where
        week_states.is_this_week
        and week_states.last_version = 0
        and not week_states.is_complete

)

select
    week_start,
    week_end,
    first_day,
    company_id,
    company_name,
    tenant_id,
    new_patient_appointments,
    total_appointments,
    tasks_created,
    total_calls,
    score,
    rank,
    ranked_companies,
    rank_label,
    tier,
    true as is_final,
    version,
    scored_at,
    hubspot_rank_before
from versions
where version = last_version

union all

select
    week_start,
    week_end,
    first_day,
    company_id,
    company_name,
    tenant_id,
    new_patient_appointments,
    total_appointments,
    tasks_created,
    total_calls,
    score,
    rank,
    ranked_companies,
    rank_label,
    tier,
    false as is_final,
    0 as version,
    {{ built_as_of('int_engagement__ranks') }} as scored_at,
    hubspot_rank as hubspot_rank_before
from preliminary

{%- set rules = code_version('model.millrace.int_journey__decisions', [
    var('auto_success_ranges'), var('sticky_success'), managed_departments(),
]) -%}

with companies as (

    select * from {{ ref('int_core__company_profiles') }}
    where first_seen_at is not null

),

locks as (

    select * from {{ ref('int_journey__locks') }}

),

hubspot_companies as (

    select * from {{ ref('stg_hubspot__companies') }}
    where not is_archived

),

earlier as (

    select * from {{ ref('int_journey__earlier_decisions') }}

),

-- By what all decisions are made: the code, the vars, and who serves which bucket.
rules as (

    select
        {{ fingerprint_of(
            ['department', 'cs_stage', 'region', 'arr_range', 'username', 'cast(lead_intake as ' ~ api.Column.translate_type('string') ~ ')'],
            rules,
        ) }} as rules_fingerprint
    from {{ ref('int_journey__bucket_members') }}

),

-- A decision starts from the log before its instant: what has been written since then is news.
logged_since as (

    select distinct log.company_id
    from {{ source('journey_state', 'company_change_log') }} as log
    inner join {{ ref('int_journey__earlier_decisions') }} as decided on log.company_id = decided.company_id
    where log.changed_at >= least(decided.decided_at, {{ as_of() }})

),

compared as (

    select
        coalesce(companies.company_id, earlier.company_id) as company_id,
        companies.events_fingerprint,
        rules.rules_fingerprint,
        case
            when companies.company_id is null and earlier.skip_reason = 'unknown' then null
            when companies.company_id is null then 'gone'
            when earlier.company_id is null then 'new'
            when earlier.rules_fingerprint <> rules.rules_fingerprint then 'rules'
            when (earlier.events_fingerprint is distinct from companies.events_fingerprint) then 'events'
            when
                (earlier.plan_group is distinct from companies.plan_group)
                or (earlier.region is distinct from companies.region)
                then 'reference'
            when
                (earlier.hubspot_company_id is distinct from companies.hubspot_company_id)
                or (
                    earlier.is_subjectively_onboarded
                    is distinct from hubspot_companies.is_subjectively_onboarded
                )
                then 'hubspot'
            when
                earlier.is_stage_locked <> coalesce(locks.is_stage_locked, false)
                or earlier.is_manager_locked <> coalesce(locks.is_manager_locked, false)
                then 'lock'
            when
                coalesce(earlier.paying_since <= {{ dbt.dateadd('day', -91, 'earlier.decided_at') }}, false)
                <> coalesce(companies.paying_since <= {{ dbt.dateadd('day', -91, as_of()) }}, false)
                then 'time'
            when logged_since.company_id is not null then 'log'
        end as due_reason
    from companies
    full outer join earlier on companies.company_id = earlier.company_id
    left join locks on companies.company_id = locks.company_id
    left join hubspot_companies on companies.hubspot_company_id = hubspot_companies.hubspot_company_id
    left join logged_since on companies.company_id = logged_since.company_id
    cross join rules

)

select
    company_id,
    due_reason,
    events_fingerprint,
    rules_fingerprint
from compared
where due_reason is not null

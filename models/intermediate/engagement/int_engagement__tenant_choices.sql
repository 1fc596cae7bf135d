with claims as (

    select * from {{ ref('int_engagement__tenant_claims') }}

),

this_week as (

    select first_day from {{ ref('int_engagement__week') }}

),

activities as (

    select
        metrics.tenant_id,
        coalesce(metrics.total_calls, 0) + coalesce(metrics.tasks_created, 0) + coalesce(metrics.total_appointments, 0)
            as activity
    from {{ ref('int_engagement__tenant_metrics') }} as metrics
    inner join this_week on metrics.first_day = this_week.first_day

),

history as (

    {{ earlier_rows(source('mapping_state', 'tenant_mapping_history'), {
        'company_id': api.Column.translate_type('string'),
        'tenant_id': api.Column.translate_type('string'),
        'dbt_valid_from': instant_type(),
    }) }}

),

-- The last tenant before this instant: activity alone never takes a company from one to another.
earlier_tenants as (

    select
        company_id,
        {{ last_of('tenant_id', ['dbt_valid_from', 'tenant_id']) }} as tenant_id
    from history
    where dbt_valid_from < {{ as_of() }}
    group by company_id

),

candidates as (

    select
        claims.company_id,
        claims.tenant_id,
        claims.strength,
        claims.method,
        claims.evidence,
        coalesce(activities.activity, 0) as activity,
        (earlier_tenants.tenant_id is not null) as is_kept
    from claims
    left join activities on claims.tenant_id = activities.tenant_id
    left join earlier_tenants
        on claims.company_id = earlier_tenants.company_id and claims.tenant_id = earlier_tenants.tenant_id

),

ordered as (

    select
        candidates.*,
        row_number() over (
            partition by company_id
            order by case when is_kept then 1 else 2 end, activity desc, {{ id_order('tenant_id') }}
        ) as place,
        lead(activity) over (
            partition by company_id
            order by case when is_kept then 1 else 2 end, activity desc, {{ id_order('tenant_id') }}
        ) as next_activity
    from candidates

),

listed as (

    select
        company_id,
        count(*) as candidate_count,
        {{ json_list('tenant_id', id_order('tenant_id')) }} as candidates
    from candidates
    group by company_id

)

select
    ordered.company_id,
    ordered.tenant_id,
    ordered.strength,
    ordered.method,
    case ordered.method
        when 'name' then 'low'
        when 'email_domain' then 'medium'
        else 'high'
    end as confidence,
    listed.candidate_count > 1 as is_ambiguous,
    listed.candidates,
    ordered.evidence,
    case
        when listed.candidate_count = 1 then 'only_candidate'
        when ordered.is_kept then 'kept'
        when ordered.activity > ordered.next_activity then 'activity'
        else 'lowest_tenant_id'
    end as chosen_by
from ordered
inner join listed on ordered.company_id = listed.company_id
where ordered.place = 1

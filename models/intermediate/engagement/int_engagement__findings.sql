-- What is out of the ordinary in the week that is over at as_of.

with this_week as (

    select * from {{ ref('int_engagement__week_states') }}
    where is_this_week

),

mapping as (

    select * from {{ ref('tenant_mapping') }}

),

company_weeks as (

    select
        company_weeks.*,
        mapping.company_name
    from {{ ref('int_engagement__company_weeks') }} as company_weeks
    inner join this_week on company_weeks.first_day = this_week.first_day
    inner join mapping on company_weeks.company_id = mapping.company_id

),

ranked as (

    select engagement.*
    from {{ ref('customer_engagement') }} as engagement
    inner join this_week on engagement.first_day = this_week.first_day

),

movers as (

    select movers.*
    from {{ ref('movers') }} as movers
    inner join this_week on movers.first_day = this_week.first_day

),

totals as (

    select
        count(*) as companies,
        {% for metric in engagement_metrics() -%}
            sum({{ metric }}) as {{ metric }}{{ ',' if not loop.last }}
        {% endfor %}
    from ranked

),

-- The share of customers with a tenant when the week before was scored.
coverage_before as (

    select
        max(versions.customers) as customers,
        max(versions.mapped_customers) as mapped_customers
    from {{ ref('customer_engagement_versions') }} as versions
    inner join this_week on versions.first_day = {{ days_later('this_week.first_day', -7) }}
    where versions.version = 1

),

properties as (

    select
        property_name,
        property_type,
        allowed_options
    from {{ ref('stg_hubspot__property_definitions') }}
    where object_type = 'companies' and not is_archived

),

wanted_properties as (

    select 'customer_engagement_score' as property_name
    union all
    select 'customer_engagement_rank' as property_name
    union all
    select 'customer_engagement_tier' as property_name

),

-- HubSpot may not have been read at all; then nothing is known of its properties.
property_problems as (

    select
        wanted_properties.property_name,
        case
            when properties.property_name is null then 'HubSpot has no company property of this name.'
            when wanted_properties.property_name = 'customer_engagement_score' and properties.property_type <> 'number'
                then 'It is of the type ' || properties.property_type || ', and has to be a number.'
            when wanted_properties.property_name = 'customer_engagement_rank' and properties.property_type <> 'string'
                then 'It is of the type ' || properties.property_type || ', and has to be a text.'
            when
                wanted_properties.property_name = 'customer_engagement_tier'
                and properties.property_type not in ('string', 'enumeration')
                then 'It is of the type ' || properties.property_type || ', and has to be a text or a choice.'
            when
                wanted_properties.property_name = 'customer_engagement_tier'
                and properties.property_type = 'enumeration'
                and not (
                    {%- for tier in ['Top 30%', 'Middle 40%', 'Bottom 30%'] %}
                        {{ 'and' if not loop.first }} replace(properties.allowed_options, ' ', '')
                        like '%"value":"{{ tier | replace(' ', '') | replace('%', '\\%') }}"%'
                    {%- endfor %}
                )
                then 'Its options lack one of Top 30%, Middle 40%, Bottom 30%.'
        end as problem
    from wanted_properties
    left join properties on wanted_properties.property_name = properties.property_name
    where exists (select 1 from properties)

),

findings as (

    select
        'unmapped' as kind,
        company_id as subject,
        'warning' as severity,
        coalesce(company_name, 'A company without a name') || ': no tenant has its '
        || case
            when domain is not null then 'domain ' || domain || ' or its name.'
            when email_domains is not null then 'email domains (' || email_domains || ') or its name.'
            else 'name, and it has no domain.'
        end as details
    from {{ ref('unmapped_customers') }}

    union all

    select
        'ambiguous' as kind,
        company_id as subject,
        'warning' as severity,
        coalesce(company_name, company_id) || ': several tenants by ' || method || '; ' || tenant_id || ' is taken, '
        || case chosen_by
            when 'kept' then 'as before.'
            when 'activity' then 'which did most in the week.'
            else 'the lowest id of those that did most.'
        end as details
    from mapping
    where is_ambiguous

    union all

    select
        'low_confidence' as kind,
        company_id as subject,
        'warning' as severity,
        coalesce(company_name, company_id) || ': taken for tenant ' || tenant_id || ' (' || coalesce(tenant_name, '')
        || ') by its name alone.' as details
    from mapping
    where confidence = 'low'

    union all

    select
        'shared_tenant' as kind,
        company_id as subject,
        'warning' as severity,
        coalesce(company_name, company_id) || ': tenant ' || tenant_id || ' belongs to '
        || companies_of_tenant || ' companies; this one is '
        || case when is_first_of_tenant then 'ranked.' else 'not ranked.' end as details
    from company_weeks
    where companies_of_tenant > 1

    union all

    select
        'missing_metrics' as kind,
        company_id as subject,
        'error' as severity,
        coalesce(company_name, company_id) || ': Yobi does not tell this week''s '
        || case when total_appointments is null then 'appointments' else '' end
        || case when total_appointments is null and tasks_created is null then ', ' else '' end
        || case when tasks_created is null then 'tasks' else '' end
        || case when total_calls is null and (total_appointments is null or tasks_created is null) then ', ' else '' end
        || case when total_calls is null then 'calls' else '' end
        || ' of tenant ' || tenant_id || '.' as details
    from company_weeks
    where not has_all_metrics

    {% for metric in engagement_metrics() %}
        union all

        select
            'all_zero_metric' as kind,
            '{{ metric }}' as subject,
            'warning' as severity,
            'No ranked company has any {{ metric | replace('_', ' ') }} this week: see whether Yobi counts them.' as details
        from totals
        where companies > 0 and {{ metric }} = 0
    {% endfor %}

    union all

    select
        'no_activity' as kind,
        company_id as subject,
        'warning' as severity,
        coalesce(company_name, company_id) || ': nothing at all this week.' as details
    from ranked
    where {{ engagement_metrics() | join(' = 0 and ') }} = 0

    union all

    select
        'activity_drop' as kind,
        company_id as subject,
        'warning' as severity,
        coalesce(company_name, company_id) || ': its score fell from ' || previous_score || ' to ' || score || '.' as details
    from movers
    where score < previous_score * (1 - cast({{ var('max_score_fall') }} as {{ decimal_type() }}))

    union all

    select
        'coverage_fell' as kind,
        'mapping' as subject,
        'warning' as severity,
        this_week.mapped_customers || ' of ' || this_week.customers || ' customers have a tenant; a week before it was '
        || coverage_before.mapped_customers || ' of ' || coverage_before.customers || '.' as details
    from this_week
    cross join coverage_before
    where
        coverage_before.customers > 0
        and this_week.customers > 0
        and cast(coverage_before.mapped_customers as {{ decimal_type() }}) / coverage_before.customers
        - cast(this_week.mapped_customers as {{ decimal_type() }}) / this_week.customers
        >= {{ var('max_coverage_fall') }}

    union all

    select
        'property_problem' as kind,
        property_name as subject,
        'error' as severity,
        problem as details
    from property_problems
    where problem is not null

)

select
    this_week.week_start,
    findings.kind,
    findings.subject,
    findings.severity,
    findings.details
from findings
cross join this_week

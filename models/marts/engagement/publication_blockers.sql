with this_week as (

    select
        {{ day_text('first_day') }} || ' to ' || {{ day_text('last_day') }} as week,
        *
    from {{ ref('int_engagement__week_states') }}
    where is_this_week

),

without_metrics as (

    select
        count(*) as companies,
        min({{ bytewise('company_weeks.company_id') }}) as example
    from {{ ref('int_engagement__company_weeks') }} as company_weeks
    inner join this_week on company_weeks.first_day = this_week.first_day
    where not company_weeks.has_all_metrics

)

select
    'week_not_read' as cause,
    'Yobi has not been read for the week ' || week || ': run millrace ingest yobi, then build.' as details
from this_week
where not is_read and last_version = 0

union all

select
    'missing_metrics' as cause,
    without_metrics.companies || ' mapped companies lack a metric of the week ' || this_week.week
    || ', for example ' || without_metrics.example
    || ': see missing_metrics in engagement.anomalies, put it right at Yobi, read it again and build.' as details
from this_week
cross join without_metrics
where this_week.is_read and this_week.last_version = 0 and without_metrics.companies > 0

union all

select
    'nobody_ranked' as cause,
    'No company is ranked for the week ' || week || ', of ' || customers || ' customers and ' || mapped_customers
    || ' with a tenant: see whether HubSpot has contacts whose lifecycle stage is customer, and millrace mapping review.'
        as details
from this_week
where is_read and last_version = 0 and ranked_companies = 0 and companies_without_metrics = 0

union all

select
    'coverage_too_low' as cause,
    mapped_customers || ' of ' || customers || ' customers have a tenant, less than the share '
    || '{{ var('min_mapping_coverage') }} of var min_mapping_coverage: run millrace mapping review.' as details
from this_week
where mapped_customers < customers * cast({{ var('min_mapping_coverage') }} as {{ decimal_type() }})

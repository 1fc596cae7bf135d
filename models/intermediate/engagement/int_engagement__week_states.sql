with weeks as (

    select * from {{ ref('int_engagement__weeks') }}
    where is_due or is_this_week

),

customers as (

    select count(*) as customers
    from {{ ref('int_engagement__customers') }}

),

company_weeks as (

    select
        first_day,
        count(*) as mapped_customers,
        sum(case when is_ranked then 1 else 0 end) as ranked_companies,
        sum(case when has_all_metrics then 0 else 1 end) as companies_without_metrics
    from {{ ref('int_engagement__company_weeks') }}
    group by first_day

),

readings as (

    select
        week_start as first_day,
        count(distinct metric) as metrics_read
    from {{ ref('stg_yobi__week_readings') }}
    group by week_start

)

select
    weeks.first_day,
    weeks.last_day,
    weeks.week_start,
    weeks.week_end,
    weeks.is_this_week,
    weeks.is_due,
    weeks.last_version,
    cast(customers.customers as integer) as customers,
    cast(coalesce(company_weeks.mapped_customers, 0) as integer) as mapped_customers,
    cast(coalesce(company_weeks.ranked_companies, 0) as integer) as ranked_companies,
    cast(coalesce(company_weeks.companies_without_metrics, 0) as integer) as companies_without_metrics,
    coalesce(readings.metrics_read, 0) = 3 as is_read,
    (
        coalesce(readings.metrics_read, 0) = 3
        and coalesce(company_weeks.ranked_companies, 0) > 0
        and company_weeks.companies_without_metrics = 0
    ) as is_complete
from weeks
cross join customers
left join company_weeks on weeks.first_day = company_weeks.first_day
left join readings on weeks.first_day = readings.first_day

with weeks as (

    select * from {{ ref('int_engagement__weeks') }}
    where is_due or is_this_week

),

metrics as (

    select * from {{ ref('int_engagement__tenant_metrics') }}

),

company_weeks as (

    select
        weeks.first_day,
        choices.company_id,
        choices.tenant_id,
        choices.strength,
        metrics.new_patient_appointments,
        metrics.total_appointments,
        metrics.tasks_created,
        metrics.total_calls,
        (
            metrics.total_appointments is not null
            and metrics.tasks_created is not null
            and metrics.total_calls is not null
        ) as has_all_metrics
    from weeks
    cross join {{ ref('int_engagement__tenant_choices') }} as choices
    left join metrics on weeks.first_day = metrics.first_day and choices.tenant_id = metrics.tenant_id

),

-- Of several companies on one tenant, the one that is surest of it.
placed as (

    select
        company_weeks.*,
        count(*) over (partition by first_day, tenant_id) as companies_of_tenant,
        row_number() over (
            partition by first_day, tenant_id
            order by strength, {{ id_order('company_id') }}
        ) as place
    from company_weeks

)

select
    first_day,
    company_id,
    tenant_id,
    new_patient_appointments,
    total_appointments,
    tasks_created,
    total_calls,
    has_all_metrics,
    companies_of_tenant,
    place = 1 as is_first_of_tenant,
    (has_all_metrics and place = 1) as is_ranked
from placed

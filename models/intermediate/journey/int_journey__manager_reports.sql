with updates as (

    select * from {{ ref('stg_events__company_updated') }}

),

reports as (

    select
        company_id,
        'customer_success_manager' as field,
        event_id,
        occurred_at,
        customer_success_manager as manager
    from updates
    where has_customer_success_manager

    union all

    select
        company_id,
        'sales_account_manager' as field,
        event_id,
        occurred_at,
        sales_account_manager as manager
    from updates
    where has_sales_account_manager

),

by_recency as (

    select
        reports.*,
        row_number() over (
            partition by company_id, field
            order by occurred_at desc, {{ bytewise('event_id') }} desc
        ) as recency
    from reports

)

select
    company_id,
    field,
    event_id,
    occurred_at,
    manager
from by_recency
where recency = 1

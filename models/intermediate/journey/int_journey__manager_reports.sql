{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

select
    company_id,
    'customer_success_manager' as field,
    cs_report_id as event_id,
    cs_reported_at as occurred_at,
    reported_cs_manager as manager
from {{ ref('int_core__company_histories') }}
where cs_report_id is not null

union all

select
    company_id,
    'sales_account_manager' as field,
    sales_report_id as event_id,
    sales_reported_at as occurred_at,
    reported_sales_manager as manager
from {{ ref('int_core__company_histories') }}
where sales_report_id is not null

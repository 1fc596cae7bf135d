{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

-- Append-only state, written before the log (see decision_inputs).

with decisions as (

    select * from {{ ref('int_journey__decisions') }}

),

members as (

    select * from {{ ref('int_journey__bucket_members') }}

),

loads as (

    select * from {{ ref('int_journey__manager_loads') }}

),

assignments as (

    select
        company_id,
        case field when 'sales_account_manager' then 'sales' else 'customer_success' end as department
    from {{ ref('int_journey__log_entries') }}
    where
        field in ('customer_success_manager', 'sales_account_manager')
        and assignment_reason in ('history', 'round_robin')
        {% if not builds_all_inputs_of_the_log() %}
            and 1 = 0
        {% endif %}

),

buckets as (

    select distinct
        assignments.department,
        decisions.cs_stage,
        decisions.region,
        decisions.arr_range,
        decisions.decided_at
    from assignments
    inner join decisions on assignments.company_id = decisions.company_id

)

select
    '{{ invocation_id }}' as run_id,
    buckets.decided_at,
    buckets.department,
    buckets.cs_stage,
    buckets.region,
    buckets.arr_range,
    members.username,
    members.lead_intake,
    loads.companies as companies_before,
    loads.last_assigned_at
from buckets
inner join members
    on
        buckets.department = members.department
        and buckets.cs_stage = members.cs_stage
        and buckets.region = members.region
        and buckets.arr_range = members.arr_range
inner join loads
    on
        members.department = loads.department
        and members.username = loads.username

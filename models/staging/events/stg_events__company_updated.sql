with source as (

    select events.*
    {{ from_events(['company_updated']) }}

)

select
    event_id,
    occurred_at,
    received_at,
    {{ json_text('data', 'company_id') }} as company_id,
    {{ json_has('data', 'name') }} as has_name,
    {{ json_text('data', 'name') }} as name,
    {{ json_has('data', 'country') }} as has_country,
    upper({{ json_text('data', 'country') }}) as country,
    {{ json_has('data', 'status') }} as has_status,
    {{ json_text('data', 'status') }} as status,
    {{ json_has('data', 'plan_id') }} as has_plan_id,
    {{ json_text('data', 'plan_id') }} as plan_id,
    {{ json_has('data', 'signup_timestamp') }} as has_signup_timestamp,
    cast({{ json_text('data', 'signup_timestamp') }} as {{ instant_type() }}) as signup_timestamp,
    {{ json_has('data', 'num_of_employees_range') }} as has_num_of_employees_range,
    {{ json_text('data', 'num_of_employees_range') }} as num_of_employees_range,
    {{ json_has('data', 'sales_account_manager') }} as has_sales_account_manager,
    {{ json_text('data', 'sales_account_manager') }} as sales_account_manager,
    {{ json_has('data', 'customer_success_manager') }} as has_customer_success_manager,
    {{ json_text('data', 'customer_success_manager') }} as customer_success_manager,
    {{ json_has('data', 'hubspot_company_id') }} as has_hubspot_company_id,
    {{ json_text('data', 'hubspot_company_id') }} as hubspot_company_id,
    {{ json_has('data', 'is_test') }} as has_is_test,
    cast({{ json_text('data', 'is_test') }} as boolean) as is_test
from source

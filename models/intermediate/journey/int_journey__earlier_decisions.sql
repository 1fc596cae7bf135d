{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set text = api.Column.translate_type('string') %}

select
    company_id,
    skip_reason,
    cs_stage,
    cs_stage_rule,
    customer_success_manager,
    sales_account_manager,
    plan_group,
    region,
    hubspot_company_id,
    is_subjectively_onboarded,
    is_stage_locked,
    is_manager_locked,
    paying_since,
    events_fingerprint,
    rules_version,
    decided_at
{% if has_earlier_decisions() %}
    from {{ source('decided_before', 'int_journey__current_decisions') }}
{% else %}
    from (
        select
            cast(null as {{ text }}) as company_id,
            cast(null as {{ text }}) as skip_reason,
            cast(null as {{ text }}) as cs_stage,
            cast(null as {{ text }}) as cs_stage_rule,
            cast(null as {{ text }}) as customer_success_manager,
            cast(null as {{ text }}) as sales_account_manager,
            cast(null as {{ text }}) as plan_group,
            cast(null as {{ text }}) as region,
            cast(null as {{ text }}) as hubspot_company_id,
            cast(null as boolean) as is_subjectively_onboarded,
            cast(null as boolean) as is_stage_locked,
            cast(null as boolean) as is_manager_locked,
            cast(null as {{ instant_type() }}) as paying_since,
            cast(null as {{ text }}) as events_fingerprint,
            cast(null as {{ text }}) as rules_version,
            cast(null as {{ instant_type() }}) as decided_at
    ) as none_yet
    where company_id is not null
{% endif %}

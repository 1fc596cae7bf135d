{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set text, instant = api.Column.translate_type('string'), instant_type() %}
{%- set columns = {
    'company_id': text,
    'skip_reason': text,
    'cs_stage': text,
    'cs_stage_rule': text,
    'customer_success_manager': text,
    'sales_account_manager': text,
    'plan_group': text,
    'region': text,
    'hubspot_company_id': text,
    'is_subjectively_onboarded': 'boolean',
    'is_stage_locked': 'boolean',
    'is_manager_locked': 'boolean',
    'paying_since': instant,
    'events_fingerprint': text,
    'rules_fingerprint': text,
    'decided_at': instant,
} %}
{%- set nulls = [] %}
{%- for column, type in columns.items() %}
    {%- do nulls.append('cast(null as ' ~ type ~ ') as ' ~ column) %}
{%- endfor %}

{% if has_earlier_decisions(columns.keys()) %}
    select {{ columns.keys() | join(', ') }}
    from {{ source('decided_state', 'int_journey__current_decisions') }}
{% else %}
    select none_yet.*
    from (select {{ nulls | join(', ') }}) as none_yet
    where none_yet.company_id is not null
{% endif %}

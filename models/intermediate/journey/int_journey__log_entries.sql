{%- set fields = [
    {'name': 'cs_stage', 'logged': 'logged_stage'},
    {'name': 'customer_success_manager', 'logged': 'logged_cs_manager', 'before': 'previous_cs_manager',
     'report': 'cs_report_id', 'is_report_logged': 'is_cs_report_logged'},
    {'name': 'account_manager', 'logged': 'logged_account_manager'},
    {'name': 'sales_account_manager', 'logged': 'logged_sales_manager', 'before': 'previous_sales_manager',
     'report': 'sales_report_id', 'is_report_logged': 'is_sales_report_logged'},
] %}

-- The decisions are read where they are asked for: PostgreSQL would copy a CTE that is read more than once.

-- A report is applied once, known by its event.
with reported as (
    {% for field in fields if field.report %}
        select
            company_id,
            '{{ field.name }}' as field,
            {{ field.logged }} as old_value,
            {{ field.before }} as new_value,
            {{ field.report }} as source_event_id,
            log_head,
            decided_at
        from {{ ref('int_journey__decisions') }}
        where {{ field.report }} is not null and not {{ field.is_report_logged }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- Then the decision starts from what was reported.
decided as (
    {% for field in fields %}
        select
            company_id,
            '{{ field.name }}' as field,
            {% if field.report %}
                case
                    when {{ field.report }} is not null and not {{ field.is_report_logged }} then {{ field.before }}
                    else {{ field.logged }}
                end as old_value,
            {% else %}
                {{ field.logged }} as old_value,
            {% endif %}
            {{ field.name }} as new_value,
            cs_stage_rule as rule,
            {% if field.name == 'sales_account_manager' %}
                sales_assignment_reason as assignment_reason,
            {% else %}
                assignment_reason,
            {% endif %}
            log_head,
            decided_at
        from {{ ref('int_journey__decisions') }}
        where skip_reason is null
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

)

select
    company_id,
    1 as step,
    field,
    old_value,
    new_value,
    'reported' as rule,
    cast(null as {{ api.Column.translate_type('string') }}) as assignment_reason,
    source_event_id,
    log_head,
    decided_at
from reported

union all

select
    company_id,
    2 as step,
    field,
    old_value,
    new_value,
    rule,
    assignment_reason,
    cast(null as {{ api.Column.translate_type('string') }}) as source_event_id,
    log_head,
    decided_at
from decided
where new_value is distinct from old_value

{#- The fields whose changes company_change_log keeps (spec journey.md, the change log). -#}
{% macro logged_fields() -%}
    {{ return(['cs_stage', 'customer_success_manager', 'account_manager', 'sales_account_manager']) }}
{%- endmacro %}

{#- What the log said last of each of them: columns, aggregated over rows of the log. -#}
{% macro last_logged_values() -%}
    {% for field in logged_fields() %}
        {{ last_of('new_value', ['change_id'], "field = '" ~ field ~ "'") }} as {{ field }}
        {%- if not loop.last %}, {% endif %}
    {%- endfor %}
{%- endmacro %}

{#- The six customer-success stages (spec journey.md, CS stage). -#}
{% macro cs_stages() -%}
    {{ return(['cs_sales', 'cs_sbp', 'cs_no_touch', 'cs_onboarding', 'cs_success', 'cs_error']) }}
{%- endmacro %}

{#- The ranges of yearly revenue, lowest first (spec journey.md, Inputs). -#}
{% macro arr_ranges() -%}
    {{ return(['1-2000', '2001-8000', '8001+']) }}
{%- endmacro %}

{#- A relation of one column from a list of texts. -#}
{% macro rows_of(texts, column) -%}
    {%- for text in texts %}
    select '{{ text }}' as {{ column }}
    {%- if not loop.last %} union all{% endif -%}
    {% endfor %}
{%- endmacro %}

{#-
  The departments whose managers this project assigns (spec journey.md, CS manager: sales managers stay
  as reported unless the var says otherwise), each with the field of the log that names its manager, and
  the columns of int_journey__company_states with its current manager and with a report not yet applied.
-#}
{% macro managed_departments() -%}
    {%- set departments = [{
        'name': 'customer_success',
        'field': 'customer_success_manager',
        'current': 'previous_cs_manager',
        'report': 'cs_report_id',
    }] -%}
    {%- if var('assign_sales_managers') -%}
        {%- do departments.append({
            'name': 'sales',
            'field': 'sales_account_manager',
            'current': 'sales_account_manager',
            'report': 'sales_report_id',
        }) -%}
    {%- endif -%}
    {{ return(departments) }}
{%- endmacro %}

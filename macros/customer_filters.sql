{#-
  Whether a company is out by HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON (spec engagement.md, Universe and
  mapping): a list of {property, operator: EQ, NEQ, IN or HAS_PROPERTY, value or values}, of which any is
  enough. A property without a value is not another value: it matches none of them.
-#}
{% macro is_filtered_out(properties) -%}
    {%- set conditions = [] -%}
    {%- for filter in json_setting('HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON', 'list', []) -%}
        {%- do conditions.append(filter_condition(properties, filter, loop.index)) -%}
    {%- endfor -%}
    {{ '(' ~ conditions | join(' or ') ~ ')' if conditions else '1 = 0' }}
{%- endmacro %}

{% macro filter_condition(properties, filter, number) -%}
    {%- if filter is not mapping or not modules.re.match('^[A-Za-z0-9_]+$', filter.get('property', '') | string) -%}
        {{ refuse_filter(number, 'names no property') }}
    {%- endif -%}
    {%- set property = "coalesce(" ~ json_text(properties, filter['property']) ~ ", '')" -%}
    {%- set operator = filter.get('operator') -%}
    {%- if operator == 'HAS_PROPERTY' -%}
        {{ property }} <> ''
    {%- elif operator in ('EQ', 'NEQ') -%}
        {%- if filter.get('value') is none or filter['value'] is mapping -%}
            {{ refuse_filter(number, 'has no value') }}
        {%- endif -%}
        {%- set value = text_literal(crm_text(filter['value'])) -%}
        {%- if operator == 'EQ' -%}
            {{ property }} = {{ value }}
        {%- else -%}
            ({{ property }} <> '' and {{ property }} <> {{ value }})
        {%- endif -%}
    {%- elif operator == 'IN' -%}
        {%- set values = filter.get('values') -%}
        {%- if not values or values is string or values is mapping or values is not iterable -%}
            {{ refuse_filter(number, 'has no list of values') }}
        {%- endif -%}
        {%- set literals = [] -%}
        {%- for value in values -%}{%- do literals.append(text_literal(crm_text(value))) -%}{%- endfor -%}
        {{ property }} in ({{ literals | join(', ') }})
    {%- else -%}
        {{ refuse_filter(number, 'has an operator other than EQ, NEQ, IN and HAS_PROPERTY') }}
    {%- endif -%}
{%- endmacro %}

{% macro refuse_filter(number, problem) -%}
    {{ exceptions.raise_compiler_error('HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON: filter ' ~ number ~ ' ' ~ problem ~ '.') }}
{%- endmacro %}

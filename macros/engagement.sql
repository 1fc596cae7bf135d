{#- What people decide about the ranking of customers (spec engagement.md). -#}

{#- The metrics, in the order in which they break ties. -#}
{% macro engagement_metrics() -%}
    {{ return(['new_patient_appointments', 'total_appointments', 'tasks_created', 'total_calls']) }}
{%- endmacro %}

{#- What one of each metric counts: var engagement_weights. -#}
{% macro engagement_weight(metric) -%}
    {%- set weight = var('engagement_weights').get(metric) -%}
    {%- if weight is not integer or weight is boolean -%}
        {{ exceptions.raise_compiler_error("var engagement_weights: " ~ metric ~ " needs a whole number.") }}
    {%- endif -%}
    {{ return(weight) }}
{%- endmacro %}

{#- The score of metrics of these names. -#}
{% macro engagement_score(prefix='') -%}
    {%- set terms = [] -%}
    {%- for metric in engagement_metrics() -%}
        {%- do terms.append(engagement_weight(metric) ~ ' * ' ~ prefix ~ metric) -%}
    {%- endfor -%}
    {{ terms | join(' + ') }}
{%- endmacro %}

{#- What decides the rank, the best first: var engagement_rank_by. -#}
{% macro engagement_order() -%}
    {%- set by = var('engagement_rank_by') -%}
    {%- if by not in ('score', 'metrics') -%}
        {{ exceptions.raise_compiler_error("var engagement_rank_by is '" ~ by ~ "', neither score nor metrics.") }}
    {%- endif -%}
    {{ 'score desc, ' if by == 'score' }}{{ engagement_metrics() | join(' desc, ') }} desc, {{ id_order('company_id') }}
{%- endmacro %}

{#- The Sunday of the week that is to be scored once more: var restate_engagement_week; none without one. -#}
{% macro engagement_week_to_restate() -%}
    {%- set week = var('restate_engagement_week') -%}
    {%- if week is none -%}{{ return(none) }}{%- endif -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', week | string)
        or modules.datetime.date.fromisoformat(week | string).isoweekday() != 7 -%}
        {{ exceptions.raise_compiler_error(
            "var restate_engagement_week is '" ~ week ~ "', not a Sunday such as 2026-03-08."
        ) }}
    {%- endif -%}
    {{ return(week | string) }}
{%- endmacro %}

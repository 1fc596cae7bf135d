{#- The only clock of every model: var `as_of`, by default the start of the run (spec README.md, Time). -#}
{% macro as_of() -%}
    cast('{{ as_of_text() }}' as {{ instant_type() }})
{%- endmacro %}

{% macro as_of_text() -%}
    {%- set given = var('as_of') -%}
    {%- if given is none -%}
        {{ run_started_at.isoformat() }}
    {%- elif modules.re.match('^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)$', given | string) -%}
        {{ given }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "var as_of is '" ~ given ~ "', which is not an RFC 3339 instant with an offset,"
            ~ " such as 2026-03-31T06:00:00Z."
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- The only clock of every model: var `as_of`, by default the start of the run (spec README.md, Time). -#}
{% macro as_of() -%}
    cast('{{ as_of_text() }}' as {{ instant_type() }})
{%- endmacro %}

{% macro as_of_text() -%}
    {%- set given = var('as_of') -%}
    {%- if given is none -%}
        {{ run_started_at.isoformat() }}
    {%- elif modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})$', given | string) -%}
        {{ given }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "var as_of is '" ~ given ~ "', which is not an RFC 3339 instant with an offset,"
            ~ " such as 2026-03-31T06:00:00Z."
        ) }}
    {%- endif -%}
{%- endmacro %}

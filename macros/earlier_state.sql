{#-
  Rows that earlier runs left in a table which this run writes later: `columns` are names and types. None
  where the table does not stand yet, or stands without one of the columns.
-#}
{% macro earlier_rows(relation, columns) -%}
    {%- if holds_columns(relation, columns.keys()) -%}
        select {{ columns.keys() | join(', ') }} from {{ relation }}
    {%- else -%}
        {%- set nulls = [] -%}
        {%- for column, type in columns.items() -%}
            {%- do nulls.append('cast(null as ' ~ type ~ ') as ' ~ column) -%}
        {%- endfor -%}
        select none_yet.* from (select {{ nulls | join(', ') }}) as none_yet where 1 = 0
    {%- endif -%}
{%- endmacro %}

{#- Whether a relation stands and has all of these columns; a unit test gives it as a CTE. -#}
{% macro holds_columns(relation, columns) -%}
    {%- if not execute or relation.is_cte -%}{{ return(true) }}{%- endif -%}
    {%- set standing = load_relation(relation) -%}
    {%- if standing is none -%}{{ return(false) }}{%- endif -%}
    {%- set found = adapter.get_columns_in_relation(standing) | map(attribute='name') | list -%}
    {{ return(columns | reject('in', found) | list | length == 0) }}
{%- endmacro %}

{#-
  Seeds on Spark. dbt-spark hands rows over as text without escaping, an empty field as the text `None`;
  these write literals. The order of the rows is kept, for `file_line`.
-#}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append(adapter.quote(name) ~ ' ' ~ spark_seed_type(model, agate_table, loop.index0)) -%}
    {%- endfor -%}
    {%- set statement_text -%}
        create table {{ this }} ({{ columns | join(', ') }}) {{ file_format_clause() }}
    {%- endset -%}
    {%- do run_query(statement_text) -%}
    {{ return(statement_text) }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(get_batch_size()) -%}
        {%- set statement_text -%}
            insert into {{ this }} select /*+ coalesce(1) */ * from values
            {% for row in chunk -%}
                (
                {%- for value in row -%}
                    {%- set type = spark_seed_type(model, agate_table, loop.index0) -%}
                    cast({{ spark_literal(value) }} as {{ type }}){{ ', ' if not loop.last }}
                {%- endfor -%}
                ){{ ', ' if not loop.last }}
            {% endfor %}
        {%- endset -%}
        {%- do adapter.add_query(statement_text, abridge_sql_log=True) -%}
        {%- do statements.append(statement_text) -%}
    {%- endfor -%}
    {{ return(statements | first | default('')) }}
{%- endmacro %}

{#- The type of a column: as its YAML says in PostgreSQL's words, else what dbt infers. -#}
{% macro spark_seed_type(model, agate_table, place) -%}
    {%- set name = agate_table.column_names[place] -%}
    {%- set type = model['config'].get('column_types', {}).get(name, adapter.convert_type(agate_table, place)) -%}
    {{ return('string' if type == 'text' else type) }}
{%- endmacro %}

{% macro spark_literal(value) -%}
    {{ return('null' if value is none else "'" ~ (value | string | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'") }}
{%- endmacro %}

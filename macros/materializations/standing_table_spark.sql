{#-
  What `standing_table.sql` promises, on Spark: readers see the old rows or the new ones, never none, a model
  may read its own previous content as `this`, and what fails leaves the old rows as they were.

  The mart is a view over one of two tables, `<name>__1` and `<name>__2`. A rebuild fills the one that is not
  read and then points the view at it, which is one change in the catalogue. The other one stays until the
  next rebuild but one needs its name, so that a query that reads it now comes to its end.
-#}
{% materialization standing_table, adapter='spark', supported_languages=['sql'] %}

    {%- if not config.get('contract').enforced -%}
        {{ exceptions.raise_compiler_error(this ~ " is a standing_table, which needs an enforced contract.") }}
    {%- endif -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks) }}

    {%- if standing is not none and standing.is_table -%}
        {%- do adapter.drop_relation(standing) -%}
        {%- set standing = none -%}
    {%- endif -%}
    {%- set definition = '' if standing is none else run_query('show create table ' ~ target).rows[0][0] -%}
    {%- set place = 2 if (this.identifier ~ '__1') in definition else 1 -%}
    {%- set rows = this.incorporate(path={'identifier': this.identifier ~ '__' ~ place}, type='table') -%}

    {%- do adapter.drop_relation(rows) -%}
    {%- call statement('main') -%}
        create table {{ rows }}
        {{ get_assert_columns_equivalent(sql) }}
        {{ file_format_clause() }}
        as {{ get_select_subquery(sql) }}
    {%- endcall -%}
    {%- call statement('point') -%}
        create or replace view {{ target }} as
        select {{ adapter.dispatch('get_column_names', 'dbt')() }} from {{ rows }}
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}

    {{ return({'relations': [target]}) }}

{% endmaterialization %}

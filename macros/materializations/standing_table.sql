{#-
  A table that stays itself: a rebuild replaces its rows in one transaction, never the table. Readers
  see the old rows or the new ones; views, functions, grants and policies that others have put on it
  survive, also with --full-refresh (spec marts.md: readers see the old or the new table, never none).
  dbt's own `table` swaps in another table and drops whatever depends on the old one.

  A changed contract alters the table: columns are added, and dropped together with the views that read
  them. The rows are computed under the lock, so a model may read its own previous content as `this`.
-#}
{% materialization standing_table, adapter='postgres', supported_languages=['sql'] %}

    {%- if not config.get('contract').enforced -%}
        {{ exceptions.raise_compiler_error(this ~ " is a standing_table, which needs an enforced contract.") }}
    {%- endif -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if standing is not none and not standing.is_table -%}
        {%- do adapter.drop_relation(standing) -%}
        {%- set standing = none -%}
    {%- endif -%}

    {%- if standing is none -%}

        {%- call statement('main') -%}
            {{ get_create_table_as_sql(False, target, sql) }}
        {%- endcall -%}
        {%- do create_indexes(target) -%}

    {%- else -%}

        {%- set fresh = make_temp_relation(target) -%}
        {%- set columns = adapter.dispatch('get_column_names', 'dbt')() -%}
        {%- call statement('fill') -%}
            lock table {{ target }} in share row exclusive mode;
            create temporary table {{ fresh }} {{ get_table_columns_and_constraints() }} on commit drop;
            {{ get_assert_columns_equivalent(sql) }}
            insert into {{ fresh }} ({{ columns }}) {{ get_select_subquery(sql) }}
        {%- endcall -%}
        {%- set changes = changes_of_shape(fresh, target) -%}
        {%- for statement_before in changes.before -%}
            {%- do run_query(statement_before) -%}
        {%- endfor -%}
        {%- call statement('main') -%}
            delete from {{ target }};
            insert into {{ target }} ({{ columns }}) select {{ columns }} from {{ fresh }}
        {%- endcall -%}
        {%- for statement_after in changes.after -%}
            {%- do run_query(statement_after) -%}
        {%- endfor -%}

    {%- endif -%}

    {%- do apply_grants(target, config.get('grants'), should_revoke=False) -%}
    {%- do persist_docs(target, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}

{% endmaterialization %}

{#- What makes the columns of `target` those of `fresh`: statements before and after its rows change. -#}
{% macro changes_of_shape(fresh, target) -%}
    {%- set found = run_query("
        select
            coalesce(new_columns.attname, old_columns.attname) as name,
            new_columns.type as new_type,
            old_columns.type as old_type,
            coalesce(new_columns.attnotnull, false) as new_not_null,
            coalesce(old_columns.attnotnull, false) as old_not_null
        from (
            select attname, attnotnull, format_type(atttypid, atttypmod) as type from pg_attribute
            where attrelid = '" ~ fresh ~ "'::regclass and attnum > 0 and not attisdropped
        ) as new_columns
        full outer join (
            select attname, attnotnull, format_type(atttypid, atttypmod) as type from pg_attribute
            where attrelid = '" ~ target ~ "'::regclass and attnum > 0 and not attisdropped
        ) as old_columns on new_columns.attname = old_columns.attname
        where (new_columns.type, new_columns.attnotnull) is distinct from (old_columns.type, old_columns.attnotnull)
    ").rows -%}
    {%- set before, after = [], [] -%}
    {%- for name, new_type, old_type, new_not_null, old_not_null in found -%}
        {%- set column = adapter.quote(name) -%}
        {%- if old_type is not none and new_type != old_type -%}
            {%- do before.append('alter table ' ~ target ~ ' drop column ' ~ column ~ ' cascade') -%}
        {%- endif -%}
        {%- if new_type is not none and new_type != old_type -%}
            {%- do before.append('alter table ' ~ target ~ ' add column ' ~ column ~ ' ' ~ new_type) -%}
        {%- endif -%}
        {%- if new_type == old_type and not new_not_null -%}
            {%- do before.append('alter table ' ~ target ~ ' alter column ' ~ column ~ ' drop not null') -%}
        {%- endif -%}
        {%- if new_not_null -%}
            {%- do after.append('alter table ' ~ target ~ ' alter column ' ~ column ~ ' set not null') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'before': before, 'after': after}) }}
{%- endmacro %}

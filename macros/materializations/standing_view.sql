{#-
  A view that stays itself: a rebuild replaces what it says, never the view, so that views on it survive.
  dbt's own `view` is made anew under the name of the old one, which takes along every view on it; until
  these are built again, whoever reads them finds nothing.

  Columns may be added at the end. Where a column changes or goes, the view is made anew after all, and
  the views on it come back with their own rebuild.
-#}
{% materialization standing_view, adapter='postgres', supported_languages=['sql'] %}

    {%- set standing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if standing is not none and not (standing.is_view and keeps_its_columns(standing, sql)) -%}
        {%- do adapter.drop_relation(standing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ get_replace_view_sql(target, sql) }}
    {%- endcall -%}

    {%- do apply_grants(target, config.get('grants'), should_revoke=False) -%}
    {%- do persist_docs(target, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}

{% endmaterialization %}

{#- Whether `query` begins with the columns of `view`: the same names, types and order. -#}
{% macro keeps_its_columns(view, query) -%}
    {%- set fresh = make_temp_relation(view) -%}
    {%- do run_query("create temporary view " ~ fresh ~ " as (" ~ query ~ ")") -%}
    {%- set lost = run_query("
        select count(*) as columns from (
            select attnum, attname, atttypid, atttypmod, attcollation from pg_attribute
            where attrelid = '" ~ view ~ "'::regclass and attnum > 0
            except
            select attnum, attname, atttypid, atttypmod, attcollation from pg_attribute
            where attrelid = '" ~ fresh ~ "'::regclass and attnum > 0
        ) as lost
    ").columns[0].values() | first -%}
    {%- do run_query("drop view " ~ fresh) -%}
    {{ return(lost == 0) }}
{%- endmacro %}

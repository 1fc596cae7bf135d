{#-
  A view that stays itself: a rebuild replaces what it says, never the view, so that views on it survive.
  dbt's own `view` is made anew under the name of the old one, which takes along every view on it; until
  these are built again, whoever reads them finds nothing.

  Columns may be added at the end. Where a column changes or goes, the view is made anew after all, and
  the views on it come back with their own rebuild. A view that says already what it is to say is left
  alone: to replace it, the build would wait for whoever reads it.
-#}
{% materialization standing_view, adapter='postgres', supported_languages=['sql'] %}

    {%- set standing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set difference = 'columns' -%}
    {%- if standing is not none and standing.is_view -%}
        {%- set difference = difference_of_view(standing, sql) -%}
    {%- endif -%}
    {%- if standing is not none and difference == 'columns' -%}
        {%- do adapter.drop_relation(standing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {%- if difference == 'none' -%}
            select 'it stands' as view
        {%- else -%}
            {{ get_replace_view_sql(target, sql) }}
        {%- endif -%}
    {%- endcall -%}

    {%- do apply_grants(target, config.get('grants'), should_revoke=False) -%}
    {%- do persist_docs(target, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}

{% endmaterialization %}

{#- In what `query` differs from `view`: in the columns that it begins with, in the text, or in none. -#}
{% macro difference_of_view(view, query) -%}
    {%- set fresh = make_temp_relation(view) -%}
    {%- do run_query("create temporary view " ~ fresh ~ " as (" ~ query ~ ")") -%}
    {%- set difference = run_query("
        select case
            when exists (
                select attnum, attname, atttypid, atttypmod, attcollation from pg_attribute
                where attrelid = '" ~ view ~ "'::regclass and attnum > 0
                except
                select attnum, attname, atttypid, atttypmod, attcollation from pg_attribute
                where attrelid = '" ~ fresh ~ "'::regclass and attnum > 0
            ) then 'columns'
            when pg_get_viewdef('" ~ view ~ "'::regclass) <> pg_get_viewdef('" ~ fresh ~ "'::regclass) then 'text'
            else 'none'
        end as difference
    ").columns[0].values() | first -%}
    {%- do run_query("drop view " ~ fresh) -%}
    {{ return(difference) }}
{%- endmacro %}

{#- Snapshots run by the clock of the models, not by the server's (spec README.md, Time). -#}

{#- dbt asks this for "now", also for rows that are gone. -#}
{% macro postgres__snapshot_get_time() -%} {{ as_of() }} {%- endmacro %}

{#- Before a snapshot: one at a time, and never back in time. -#}
{% macro begin_snapshot() -%}
    {%- if execute and load_relation(this) is not none -%}
        {%- set later = run_query(
            "select max(dbt_valid_from) as latest from " ~ this ~ " where dbt_valid_from > " ~ as_of()
        ).columns[0].values() | first -%}
        {%- if later is not none -%}
            {{ exceptions.raise_compiler_error(
                "as_of is " ~ as_of_text() ~ ", but " ~ this.identifier ~ " already holds versions from "
                ~ later ~ " on. Build at that time or later; nothing was written."
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ take_journey_lock() }}
{%- endmacro %}

{#- After it: another input at the very same as_of decides that instant anew, so its first version goes. -#}
{% macro end_snapshot() -%}
    delete from {{ this }} where dbt_valid_to = dbt_valid_from
{%- endmacro %}

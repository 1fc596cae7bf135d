{#-
  Models that are compiled for a replay (decisions/compiled_journey.py) and not built by dbt: the var
  `is_simulation`. A replay makes every table that carries state from run to run before its first run.
-#}

{% macro is_simulation() -%}
    {{ return(var('is_simulation')) }}
{%- endmacro %}

{#- Whether `this` holds what an earlier run left. -#}
{% macro has_earlier_rows() -%}
    {{ return(is_simulation() or load_relation(this) is not none) }}
{%- endmacro %}

{#- As dbt answers it; for a replay without looking. -#}
{% macro is_incremental() -%}
    {%- if execute and is_simulation() -%}
        {{ return(model.config.materialized == 'incremental') }}
    {%- else -%}
        {{ return(dbt.is_incremental()) }}
    {%- endif -%}
{%- endmacro %}

{#- Whether dbt was told to make anew (--full-refresh) what it adds to otherwise. -#}
{% macro begins_anew() -%}
    {{ return(flags.FULL_REFRESH and not is_simulation()) }}
{%- endmacro %}

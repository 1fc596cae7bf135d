{#-
  Settings that decide (spec README.md, Settings). They stand in the environment, where `millrace` puts
  what .env has; an empty one is not set. They go before the reference files of the same matter.
-#}

{% macro setting(name, default='') -%}
    {{ return(env_var(name, '') | trim or default) }}
{%- endmacro %}

{#- A setting that is JSON: a mapping or a list, as `kind` says; `default` where it is not set. -#}
{% macro json_setting(name, kind, default) -%}
    {%- set text = setting(name) -%}
    {%- if not text -%}{{ return(default) }}{%- endif -%}
    {%- set read = fromjson(text, none) -%}
    {%- if read is none
        or (kind == 'mapping' and read is not mapping)
        or (kind == 'list' and (read is string or read is mapping or read is not iterable)) -%}
        {{ exceptions.raise_compiler_error(name ~ ' is not a JSON ' ~ kind ~ ': see docs/engagement.md.') }}
    {%- endif -%}
    {{ return(read) }}
{%- endmacro %}

{#- The zone of weeks: an IANA name. -#}
{% macro job_timezone() -%}
    {%- set zone = setting('JOB_TIMEZONE', 'America/New_York') -%}
    {%- if not modules.re.match('^[A-Za-z0-9_+/-]+$', zone) -%}
        {{ exceptions.raise_compiler_error("JOB_TIMEZONE is '" ~ zone ~ "', not an IANA name such as Europe/Vienna.") }}
    {%- endif -%}
    {{ return(zone) }}
{%- endmacro %}

{#- A text as a SQL literal, whatever is in it. -#}
{% macro text_literal(text) -%}
    {{ return(dbt.string_literal(dbt.escape_single_quotes(text | string))) }}
{%- endmacro %}

{#- A JSON value as HubSpot holds it: booleans are the texts true and false. -#}
{% macro crm_text(value) -%}
    {{ return((value | string | lower) if value is boolean else (value | string)) }}
{%- endmacro %}

{#-
  Where a sync writes to: its name begins with it (spec activation.md, Declared, not coded). The names are
  those of `activation/writers`, which a test compares.
-#}
{% macro destination_of(sync) -%}
    case
        {%- for name in destinations() + message_destinations() %}
        when substring({{ sync }}, 1, {{ name | length + 1 }}) = '{{ name }}_' then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}

{#- Those that keep records. -#}
{% macro destinations() -%}
    {{ return(['hubspot', 'intercom', 'google_ads', 'meta', 'microsoft_ads', 'linkedin']) }}
{%- endmacro %}

{#- Those where people read what is sent: sent again, it is there twice. -#}
{% macro message_destinations() -%} {{ return(['slack', 'email']) }} {%- endmacro %}

{% macro goes_to_people(destination) -%}
    {{ destination }} in ('{{ message_destinations() | join("', '") }}')
{%- endmacro %}

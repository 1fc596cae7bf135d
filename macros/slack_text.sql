{#- Text as Slack shows it: in its markup these three characters begin links and mentions. -#}
{% macro slack_text(text) -%}
    replace(replace(replace({{ text }}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')
{%- endmacro %}

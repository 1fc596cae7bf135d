{#- The range of a yearly revenue in USD, exact to the cent and beyond; null for null, 0 and less. -#}
{% macro arr_range(arr) -%}
    case
        when {{ arr }} <= 0 then null
        when {{ arr }} <= 2000 then '1-2000'
        when {{ arr }} <= 8000 then '2001-8000'
        when {{ arr }} > 8000 then '8001+'
    end
{%- endmacro %}

{#- dbt_utils' test of the same name and signature: with dbt_utils installed, delete this file. -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select 1 as failing
    from {{ model }}
    where not ({{ column_name ~ ' ' ~ expression if column_name else expression }})
{% endtest %}

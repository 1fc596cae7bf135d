{#- A metric of journey_thresholds is within its threshold; a failing row says the numbers and what to do. -#}
{% test threshold_holds(model, metric) %}
    select
        finding,
        advice,
        value,
        threshold,
        since
    from {{ model }}
    where metric = '{{ metric }}' and is_breached
{% endtest %}

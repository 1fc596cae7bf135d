{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with alerts as (

    select
        alert_id,
        raised_at,
        {{ slack_text('title') }} as title,
        {{ slack_text('details') }} as details
    from {{ ref('int_alerts__raised') }}

)

select
    alert_id,
    '*' || title || '*' || chr(10) || details as text,
    raised_at,
    cast(null as {{ api.Column.translate_type('string') }}) as skip_reason
from alerts

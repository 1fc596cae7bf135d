{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with addressed as (

    select * from {{ ref('int_alerts__addressed') }}

)

select
    alert_id || ':' || {{ dbt.hash('recipient') }} as message_id,
    alert_id,
    recipient,
    title as subject,
    details as text,
    raised_at,
    cast(null as {{ api.Column.translate_type('string') }}) as skip_reason
from addressed

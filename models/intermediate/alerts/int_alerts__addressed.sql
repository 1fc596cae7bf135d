{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with alerts as (

    select * from {{ ref('int_alerts__raised') }}

),

recipients as (

    select * from {{ ref('stg_reference__alert_recipients') }}

)

select
    alerts.alert_id,
    recipients.email as recipient,
    alerts.title,
    alerts.details,
    alerts.raised_at
from alerts
inner join recipients
    on
        recipients.topics = '*'
        or ';' || recipients.topics || ';' like '%;' || alerts.topic || ';%'

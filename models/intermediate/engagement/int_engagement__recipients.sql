with recipients as (

    select * from {{ ref('stg_reference__alert_recipients') }}

)

select email as recipient
from recipients
where topics = '*' or ';' || topics || ';' like '%;engagement;%'

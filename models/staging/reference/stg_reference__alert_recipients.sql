with source as (

    select * from {{ ref('alert_recipients') }}

)

select
    lower(trim(email)) as email,
    replace(topics, ' ', '') as topics
from source

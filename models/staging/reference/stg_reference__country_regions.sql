with source as (

    select * from {{ ref('country_regions') }}

)

select
    upper(trim(country)) as country,
    trim(region) as region
from source

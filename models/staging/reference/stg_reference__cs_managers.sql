{{
    config(
        pre_hook="{{ refuse_wrong_rows(
            'cs_managers',
            wrong_regions_of_cs_managers(ref('cs_managers'), ref('country_regions')),
            is_loading=false,
        ) }}",
    )
}}

with source as (

    select * from {{ ref('cs_managers') }}

)

select
    trim(username) as username,
    trim(department) as department,
    trim(cs_stage) as cs_stage,
    trim(region) as region,
    trim(arr_range) as arr_range,
    cast(trim(lead_intake) as integer) as lead_intake,
    lower(trim(is_active)) in ('true', 'yes', '1') as is_active,
    lower(trim(email)) as email,
    nullif(trim(hubspot_owner_id), '') as hubspot_owner_id
from source

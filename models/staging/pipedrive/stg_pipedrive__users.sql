with source as (

    select * from {{ source('raw_pipedrive', 'users') }}

)

select
    id as user_id,
    {{ json_text('record', 'name') }} as name,
    lower({{ json_text('record', 'email') }}) as email,
    not archived and coalesce({{ json_text('record', 'active_flag') }} = 'true', false) as is_active
from source

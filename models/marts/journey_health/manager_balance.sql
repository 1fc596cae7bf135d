with loads as (

    select
        'bucket' as scope,
        cs_stage,
        region,
        arr_range,
        managers_with_intake as managers,
        companies_held,
        min as fewest,
        max as most
    from {{ ref('cs_bucket_load') }}
    where managers_with_intake > 0

    union all

    select
        'all' as scope,
        cast(null as {{ api.Column.translate_type('string') }}) as cs_stage,
        cast(null as {{ api.Column.translate_type('string') }}) as region,
        cast(null as {{ api.Column.translate_type('string') }}) as arr_range,
        count(*) as managers,
        cast(sum(companies) as bigint) as companies_held,
        min(companies) as fewest,
        max(companies) as most
    from {{ ref('cs_manager_load') }}
    where lead_intake > 0
    having count(*) > 0

),

-- Companies are whole: dealt out evenly, somebody holds the rounded-up share.
shared as (

    select
        loads.*,
        round(cast(companies_held as {{ decimal_type() }}) / managers, 6) as fair_share,
        ceil(cast(companies_held as {{ decimal_type() }}) / managers) as most_if_even
    from loads

)

select
    scope,
    cs_stage,
    region,
    arr_range,
    managers,
    companies_held,
    fair_share,
    fewest,
    most,
    round(cast(most as {{ decimal_type() }}) / nullif(most_if_even, 0) - 1, 6) as overload
from shared

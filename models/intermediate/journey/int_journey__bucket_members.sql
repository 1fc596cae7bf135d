with all_stages as (

    {{ rows_of(cs_stages(), 'cs_stage') }}

),

all_ranges as (

    {{ rows_of(arr_ranges(), 'arr_range') }}

),

regions as (

    select region from {{ ref('stg_reference__country_regions') }}

    union

    select 'UNKNOWN' as region

),

buckets as (

    select
        all_stages.cs_stage,
        regions.region,
        all_ranges.arr_range
    from all_stages
    cross join regions
    cross join all_ranges

),

managers as (

    select *
    from {{ ref('stg_reference__cs_managers') }}
    where is_active

)

-- Several rows of one person that match a bucket count once; one with lead_intake is enough.
select
    managers.department,
    buckets.cs_stage,
    buckets.region,
    buckets.arr_range,
    managers.username,
    max(managers.lead_intake) as lead_intake
from buckets
inner join managers
    on
        managers.cs_stage in (buckets.cs_stage, '*')
        and managers.region in (buckets.region, '*')
        and managers.arr_range in (buckets.arr_range, '*')
group by managers.department, buckets.cs_stage, buckets.region, buckets.arr_range, managers.username

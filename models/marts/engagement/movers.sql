{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with ranked as (

    select * from {{ ref('customer_engagement') }}

),

-- Of a company that the week before did not rank, what HubSpot showed when this week was scored.
shown as (

    select
        ranked.*,
        split_part(trim(hubspot_rank_before), ' out of ', 1) as shown_rank,
        split_part(trim(hubspot_rank_before), ' out of ', 2) as shown_companies
    from ranked

),

read as (

    select
        shown.*,
        case
            when
                {{ is_whole_number('shown_rank') }}
                and {{ is_whole_number('shown_companies') }}
                and length(shown_rank) < 10
                then cast(shown_rank as integer)
        end as hubspot_rank
    from shown

),

compared as (

    select
        read.week_start,
        read.first_day,
        read.company_id,
        read.company_name,
        coalesce(before.rank, read.hubspot_rank) as previous_rank,
        case
            when before.rank is not null then 'history'
            when read.hubspot_rank is not null then 'hubspot'
        end as previous_rank_from,
        before.score as previous_score,
        read.rank,
        read.score
    from read
    left join ranked as before
        on
            read.company_id = before.company_id
            and before.first_day = {{ days_later('read.first_day', -7) }}
            and before.is_final

)

select
    week_start,
    first_day,
    company_id,
    company_name,
    previous_rank,
    previous_rank_from,
    rank,
    previous_rank - rank as delta,
    case
        when previous_rank is null then 'new/unknown'
        when previous_rank > rank then 'up'
        when previous_rank < rank then 'down'
        else 'same'
    end as status,
    previous_score,
    score
from compared

with subscriptions as (

    select * from {{ ref('stg_events__subscription_changed') }}

),

in_order as (

    select
        company_id,
        occurred_at,
        plan_id,
        mrr,
        status,
        status in ('active', 'past_due') and mrr > 0 as is_paying,
        row_number() over (
            partition by company_id
            order by occurred_at, {{ bytewise('event_id') }}
        ) as place
    from subscriptions

),

-- The present spell begins after the last event that was not paying.
spells as (

    select
        in_order.*,
        max(place) over (partition by company_id) as last_place,
        max(case when mrr > 0 then place end) over (partition by company_id) as last_priced_place,
        coalesce(
            max(case when not is_paying then place end) over (partition by company_id), 0
        ) as last_unpaid_place
    from in_order

)

select
    company_id,
    max(case when place = last_place then plan_id end) as plan_id,
    max(case when place = last_place then mrr end) as mrr,
    max(case when place = last_place then status end) as status,
    last_unpaid_place < last_place as is_paying,
    min(case when place > last_unpaid_place then occurred_at end) as paying_since,
    {{ arr_range('12 * max(case when place = last_priced_place then mrr end)') }} as last_known_arr_range
from spells
group by company_id, last_place, last_unpaid_place

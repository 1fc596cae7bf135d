with journey as (

    select *
    from {{ ref('company_journey') }}
    where hubspot_company_id is not null

),

-- The last run after which a value differed; one that decided the same again is no change.
decisions as (

    select
        company_id,
        max(changed_at) as decided_at
    from {{ ref('company_journey_changes') }}
    group by company_id

),

owners as (

    select * from {{ ref('int_journey__managers') }}

),

claims as (

    select
        hubspot_company_id,
        count(*) as companies
    from journey
    group by hubspot_company_id

)

-- One row per HubSpot company; one that several companies claim is nobody's to write.
select
    journey.hubspot_company_id,
    min(journey.company_id) as company_id,
    min(journey.sales_account_manager) as sales_account_manager,
    min(journey.customer_success_manager) as customer_success_manager,
    min(journey.account_manager) as account_manager,
    min(journey.cs_stage) as cs_stage,
    min(owners.hubspot_owner_id) as hubspot_owner_id,
    max(decisions.decided_at) as decided_at,
    case
        when claims.companies > 1
            then 'several companies name this HubSpot company as theirs'
        when min(journey.account_manager) is not null and min(owners.username) is null
            then 'the account manager is not in seeds/reference/cs_managers.csv'
        when min(journey.account_manager) is not null and min(owners.hubspot_owner_id) is null
            then 'the account manager has no hubspot_owner_id in seeds/reference/cs_managers.csv'
    end as skip_reason
from journey
inner join claims on journey.hubspot_company_id = claims.hubspot_company_id
left join decisions on journey.company_id = decisions.company_id
left join owners on journey.account_manager = owners.username
group by journey.hubspot_company_id, claims.companies

-- A row here means that the metrics of the journey were made from another run than company_journey, or that
-- companies fell out of them: build both together; if it stays, a stage or a reason is null.

with counted as (

    select coalesce(sum(companies), 0) as companies
    from {{ ref('stage_assignments') }}

),

decided as (

    select count(*) as companies
    from {{ ref('company_journey') }}

)

select
    counted.companies as companies_counted,
    decided.companies as companies_decided
from counted
cross join decided
where counted.companies <> decided.companies

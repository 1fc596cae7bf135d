-- A row here is a company that is in neither table, or in both: the condition of eligibility is told in two
-- places that no longer agree.

select companies.company_id
from {{ ref('companies') }} as companies
left join {{ ref('company_journey') }} as journey on companies.company_id = journey.company_id
left join {{ ref('skipped_companies') }} as skipped on companies.company_id = skipped.company_id
where (journey.company_id is null) = (skipped.company_id is null)

select
    choices.company_id,
    customers.company_name,
    choices.tenant_id,
    tenants.tenant_name,
    choices.method,
    choices.confidence,
    choices.is_ambiguous,
    choices.candidates,
    choices.evidence,
    choices.chosen_by
from {{ ref('int_engagement__tenant_choices') }} as choices
inner join {{ ref('int_engagement__customers') }} as customers on choices.company_id = customers.company_id
left join {{ ref('int_engagement__tenants') }} as tenants on choices.tenant_id = tenants.tenant_id

-- A row here is a change whose old value is not what the log said before: two runs decided from the same
-- state, or a row was lost. Look at the run ids of the company's rows.

with chained as (

    select
        change_id,
        old_value,
        lag(new_value) over (partition by company_id, field order by change_id) as value_before
    from {{ ref('company_change_log') }}

)

select change_id
from chained
where old_value is distinct from value_before

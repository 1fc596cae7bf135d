{{
    config(
        materialized='incremental' if target.type == 'postgres' else 'standing_table',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook="{{ keep_rows_of_logged_runs() }}",
    )
}}

-- Runs that are here already stay as they are: the log is append-only. The table stands, as the other
-- marts do; with --full-refresh the hook empties it within the transaction that fills it again.

with {% if is_incremental() %}
    known_runs as (

        select
            run_id,
            max(changed_at) as changed_at
        from {{ this }}
        group by run_id

    ),
{% endif %}

new_runs as (

    select distinct
        log.company_id,
        log.run_id
    from {{ ref('company_change_log') }} as log
    {% if is_incremental() %}
        left join known_runs on log.run_id = known_runs.run_id
        where
            known_runs.run_id is null
            -- No run that is not here came before one that is.
            and log.changed_at >= coalesce(
                (select max(all_known.changed_at) from known_runs as all_known), log.changed_at
            )
    {% endif %}

),

companies as (

    select distinct company_id from new_runs

),

log as (

    select
        whole_log.change_id,
        whole_log.company_id,
        whole_log.run_id,
        whole_log.field,
        whole_log.new_value,
        whole_log.changed_at
    from {{ ref('company_change_log') }} as whole_log
    inner join companies on whole_log.company_id = companies.company_id

),

runs as (

    select
        company_id,
        run_id,
        max(changed_at) as changed_at,
        max(change_id) as run_place
    from log
    group by company_id, run_id

),

last_changes as (

    select
        company_id,
        run_id,
        field,
        max(change_id) as change_id
    from log
    group by company_id, run_id, field

),

fields as (

    select 'cs_stage' as field

    union all

    select 'customer_success_manager' as field

    union all

    select 'account_manager' as field

    union all

    select 'sales_account_manager' as field

),

-- For every run and field, the rows of the log that held before and after the run.
holding as (

    select
        runs.company_id,
        runs.run_id,
        runs.changed_at,
        fields.field,
        max(last_changes.change_id) over (
            partition by runs.company_id, fields.field
            order by runs.run_place
            rows between unbounded preceding and 1 preceding
        ) as old_change_id,
        max(last_changes.change_id) over (
            partition by runs.company_id, fields.field
            order by runs.run_place
            rows between unbounded preceding and current row
        ) as new_change_id
    from runs
    cross join fields
    left join last_changes
        on
            runs.company_id = last_changes.company_id
            and runs.run_id = last_changes.run_id
            and fields.field = last_changes.field

),

valued as (

    select
        holding.company_id,
        holding.run_id,
        holding.changed_at,
        holding.field,
        old_log.new_value as old_value,
        new_log.new_value
    from holding
    left join log as old_log on holding.old_change_id = old_log.change_id
    left join log as new_log on holding.new_change_id = new_log.change_id

)

select
    valued.company_id,
    valued.run_id,
    valued.changed_at,
    max(case when valued.field = 'cs_stage' then valued.old_value end) as old_cs_stage,
    max(case when valued.field = 'cs_stage' then valued.new_value end) as new_cs_stage,
    max(case when valued.field = 'customer_success_manager' then valued.old_value end) as old_customer_success_manager,
    max(case when valued.field = 'customer_success_manager' then valued.new_value end) as new_customer_success_manager,
    max(case when valued.field = 'account_manager' then valued.old_value end) as old_account_manager,
    max(case when valued.field = 'account_manager' then valued.new_value end) as new_account_manager,
    max(case when valued.field = 'sales_account_manager' then valued.old_value end) as old_sales_account_manager,
    max(case when valued.field = 'sales_account_manager' then valued.new_value end) as new_sales_account_manager
from valued
inner join new_runs
    on
        valued.company_id = new_runs.company_id
        and valued.run_id = new_runs.run_id
group by valued.company_id, valued.run_id, valued.changed_at
having max(case when valued.old_value is distinct from valued.new_value then 1 else 0 end) = 1

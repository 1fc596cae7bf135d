"""Which run built which relation, and the role that reads for BI tools.

A role belongs to the whole server and outlives the database. Where this account may not create one,
Millrace works without it: `millrace doctor` says what an administrator has to run.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create table ops.model_build (
            relation text primary key,
            run_id text not null,
            as_of timestamptz not null,
            built_at timestamptz not null
        )
        """
    )
    op.execute(
        """
        comment on table ops.model_build is
        'The dbt run that last built each relation (schema.name): run_id is its invocation_id.
company_change_log takes no decision whose inputs were built by more than one run.'
        """
    )
    op.execute(
        """
        do $$
        begin
            if not exists (select from pg_roles where rolname = 'millrace_reader') then
                create role millrace_reader nologin;
            end if;
        exception
            -- Two databases of one server may be migrated at the same moment.
            when duplicate_object or unique_violation or insufficient_privilege then null;
        end
        $$
        """
    )
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'millrace_reader') then
                grant usage on schema ops to millrace_reader;
                grant select on
                    ops.load_ledger, ops.model_build,
                    ops.sync_run, ops.sync_row, ops.sync_state, ops.sync_outstanding
                to millrace_reader;
            end if;
        end
        $$
        """
    )

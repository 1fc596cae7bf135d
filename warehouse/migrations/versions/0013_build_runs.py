"""The record of the runs that decided the company journey, or should have."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create table ops.build_run (
            run_id text primary key,
            as_of timestamptz,
            started_at timestamptz not null,
            ended_at timestamptz,
            outcome text not null check (outcome in ('decided', 'refused', 'failed')),
            message text,
            companies bigint,
            cs_error_companies bigint,
            log_rows bigint,
            lock_wait_seconds numeric,
            journey_seconds numeric,
            check ((outcome = 'decided') = (companies is not null)),
            check (outcome = 'decided' or message is not null)
        )
        """
    )
    op.execute(
        """
        comment on table ops.build_run is
        'Runs of dbt that were to decide the company journey; written by macros/build_runs.sql, and
by warehouse/build_lock.py where a build was refused before dbt began. The row of a run that decided
is committed together with its rows of company_change_log; ended_at is null where it was killed
after that.'
        """
    )
    # Finds what has landed since an instant; rows stand in the order in which they came.
    op.execute("create index on raw_events.events using brin (received_at)")
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'millrace_reader') then
                grant select on ops.build_run to millrace_reader;
            end if;
        end
        $$
        """
    )

"""Plans that are kept, values that can be put back, and what others changed (activation.md)."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create table ops.sync_plan (
            plan_id text primary key,
            sync text not null,
            scope text not null check (scope in ('changes', 'full', 'destination')),
            allowed text[],
            declaration text not null,
            hash text not null,
            counts jsonb not null,
            created_at timestamptz not null default clock_timestamp()
        )
        """
    )
    op.execute(
        """
        comment on table ops.sync_plan is
        'Plans that somebody kept, to be read and approved before they run. hash is that of all
rows, with what the destination held then; declaration is that of the sync''s file.'
        """
    )
    op.execute(
        """
        create table ops.sync_plan_row (
            plan_id text not null references ops.sync_plan (plan_id) on delete cascade,
            key text not null,
            operation text not null check (operation in ('insert', 'update', 'remove')),
            changes jsonb not null,
            before jsonb,
            primary key (plan_id, key)
        )
        """
    )
    op.execute(
        """
        comment on table ops.sync_plan_row is
        'One row of a kept plan: property and new value, and what the destination held when it was
drawn up (null where it cannot be read). Personal values are kept as digests.'
        """
    )
    op.execute(
        """
        alter table ops.sync_run
            add column plan_id text references ops.sync_plan (plan_id),
            add column carried_by text references ops.sync_run (run_id),
            add column reverts text references ops.sync_run (run_id),
            drop constraint sync_run_scope_check,
            add constraint sync_run_scope_check
                check (scope in ('changes', 'full', 'retry', 'destination', 'revert'))
        """
    )
    op.execute(
        """
        comment on column ops.sync_run.carried_by is
        'The run whose requests carried the rows of this one too, and which counts the calls; null
where a run made its own.'
        """
    )
    op.execute(
        """
        alter table ops.sync_row
            add column changes jsonb,
            add column before jsonb,
            add column acknowledged jsonb,
            add column decided_at timestamptz,
            drop constraint sync_row_operation_check,
            add constraint sync_row_operation_check
                check (operation in ('insert', 'update', 'remove'))
        """
    )
    op.execute(
        """
        comment on column ops.sync_row.changes is
        'What was sent: property and value. Personal values are kept as digests.'
        """
    )
    op.execute(
        """
        comment on column ops.sync_row.before is
        'What the destination held of these properties right before; null where it cannot be read.'
        """
    )
    op.execute(
        """
        comment on column ops.sync_row.acknowledged is
        'What the destination had last confirmed to this sync of these properties until then.'
        """
    )
    op.execute(
        """
        comment on column ops.sync_row.decided_at is
        'When the model says that the row became what it is; null where it does not say.'
        """
    )
    op.execute("create index on ops.sync_row (key, recorded_at)")
    op.execute(
        """
        alter table ops.sync_outstanding
            drop constraint sync_outstanding_status_check,
            add constraint sync_outstanding_status_check
                check (status in ('failed', 'unsure', 'skipped', 'reverted'))
        """
    )
    op.execute(
        """
        create table ops.sync_drift (
            drift_id bigint generated always as identity primary key,
            sync text not null,
            key text not null,
            property text not null,
            kind text not null check (kind in ('changed', 'not_stuck')),
            acknowledged text,
            acknowledged_at timestamptz not null,
            found text,
            found_at timestamptz not null,
            changed_by text,
            resolved_at timestamptz,
            resolution text check (
                resolution in ('agrees', 'rewritten', 'no_longer_ours')
            ),
            check ((resolved_at is null) = (resolution is null))
        )
        """
    )
    op.execute(
        "create unique index sync_drift_open on ops.sync_drift (sync, key, property) "
        "where resolved_at is null"
    )
    op.execute(
        """
        comment on table ops.sync_drift is
        'Where a destination was found to hold something else than it had confirmed: somebody
changed it there (changed), or our write did not stick (not_stuck). One open row at most per sync,
key and property. changed_by is what the destination names as the source of the change.'
        """
    )
    # These hold values of records from here on; the marts of activation_health tell the rest.
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'millrace_reader') then
                revoke select on ops.sync_row, ops.sync_state from millrace_reader;
            end if;
        end
        $$
        """
    )

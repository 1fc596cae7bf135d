"""What was written to destinations: runs, rows, and the last acknowledged state (activation.md)."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create function ops.payload_hash(payload jsonb) returns text
        language sql stable strict parallel safe as $$
            -- jsonb sorts its keys, so equal payloads have equal text
            select encode(sha256(convert_to(payload::text, 'UTF8')), 'hex')
        $$
        """
    )
    op.execute(
        """
        create table ops.sync_run (
            run_id text primary key,
            sync text not null,
            scope text not null check (scope in ('changes', 'full', 'retry')),
            status text not null check (
                status in (
                    'running', 'done', 'done_with_failures', 'stopped', 'failed', 'interrupted'
                )
            ),
            message text,
            started_at timestamptz not null,
            finished_at timestamptz,
            rows_source bigint not null default 0,
            rows_planned bigint not null default 0,
            rows_unchanged bigint not null default 0,
            rows_written bigint not null default 0,
            rows_failed bigint not null default 0,
            rows_unsure bigint not null default 0,
            rows_skipped bigint not null default 0,
            rows_parked bigint not null default 0,
            rows_held_back bigint not null default 0,
            calls bigint not null default 0,
            write_calls bigint not null default 0,
            retries bigint not null default 0
        )
        """
    )
    op.execute("create index on ops.sync_run (sync, started_at)")
    op.execute(
        """
        comment on table ops.sync_run is
        'One row per run of a sync. A run that ended done or done_with_failures accounts for every
row: source = unchanged + written + failed + skipped + parked + held_back.'
        """
    )
    op.execute(
        """
        create table ops.sync_row (
            row_id bigint generated always as identity primary key,
            run_id text not null references ops.sync_run (run_id),
            key text not null,
            operation text not null check (operation in ('insert', 'update')),
            outcome text not null check (outcome in ('written', 'failed', 'unsure', 'skipped')),
            message text,
            request_id text,
            recorded_at timestamptz not null
        )
        """
    )
    op.execute(
        "create unique index sync_row_sent_once on ops.sync_row (run_id, key) "
        "where outcome <> 'skipped'"
    )
    op.execute("create index on ops.sync_row (run_id)")
    op.execute(
        """
        comment on table ops.sync_row is
        'What became of each row that a run tried, append-only. A row that is skipped for the same
reason as before is not repeated.'
        """
    )
    op.execute(
        """
        create table ops.sync_state (
            sync text not null,
            key text not null,
            hash text not null,
            payload jsonb not null,
            acknowledged_at timestamptz not null,
            primary key (sync, key)
        )
        """
    )
    op.execute(
        """
        comment on table ops.sync_state is
        'What each destination record last confirmed of ours: property and value, as text.'
        """
    )
    op.execute(
        """
        create table ops.sync_outstanding (
            sync text not null,
            key text not null,
            status text not null check (status in ('failed', 'unsure', 'skipped')),
            hash text,
            attempts integer not null default 0,
            message text,
            request_id text,
            run_id text not null references ops.sync_run (run_id),
            first_seen_at timestamptz not null,
            last_seen_at timestamptz not null,
            parked_at timestamptz,
            primary key (sync, key)
        )
        """
    )
    op.execute(
        """
        comment on table ops.sync_outstanding is
        'Rows that the destination should hold and does not: gone once they are written or no longer
wanted. attempts counts refusals of the same values (hash); parked_at ends the trying.'
        """
    )

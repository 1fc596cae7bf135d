"""Where raw records land, and the ledger that accounts for them.

Raw tables are made here and not by the loaders, so that they exist, with their keys, before the
first row has come in: `dbt build` works on an empty database.
"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute("create schema raw_events")
    op.execute(
        """
        create table raw_events.events (
            event_id text not null,
            content_hash text not null,
            event_type text not null,
            occurred_at timestamptz not null,
            received_at timestamptz not null,
            source text not null,
            source_place text not null,
            data jsonb not null,
            notes jsonb,
            primary key (event_id, content_hash)
        )
        """
    )
    op.execute("create index on raw_events.events (event_type, occurred_at)")
    op.execute(
        """
        comment on table raw_events.events is
        'Every accepted event, one row per event_id and content: spec events.md, Envelope.'
        """
    )
    op.execute(
        """
        create table raw_events.conflicting_duplicates (
            event_id text not null,
            content_hash text not null,
            counting_hash text not null,
            found_at timestamptz not null,
            primary key (event_id, content_hash)
        )
        """
    )
    op.execute(
        """
        comment on table raw_events.conflicting_duplicates is
        'Contents that lost against a smaller hash under the same event_id; they do not count.'
        """
    )
    op.execute(
        """
        create table raw_events.rejected_events (
            rejected_id text primary key,
            received_at timestamptz not null,
            source_place text not null,
            reason text not null,
            raw_text text not null
        )
        """
    )
    op.execute("create schema raw_hubspot")
    op.execute(
        """
        create table raw_hubspot.companies (
            id text primary key,
            archived boolean not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            properties jsonb not null,
            _dlt_load_id text not null,
            _dlt_id text not null
        )
        """
    )
    op.execute(
        """
        create table ops.load_ledger (
            load_id bigint generated always as identity primary key,
            source text not null,
            table_name text not null,
            place text not null,
            rows_read bigint not null,
            rows_accepted bigint not null,
            rows_rejected bigint not null,
            rows_duplicate bigint not null,
            started_at timestamptz not null,
            finished_at timestamptz not null,
            check (rows_read = rows_accepted + rows_rejected + rows_duplicate)
        )
        """
    )

"""What Pipedrive knows: deals with their flows, and how far they have been read.

Ids are text, although Pipedrive writes them as numbers: marts key by text, and flows and webhooks
tell the same ids as text.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_LINEAGE = "_dlt_load_id text not null, _dlt_id text not null"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute("create schema raw_pipedrive")
    op.execute(
        f"""
        create table raw_pipedrive.deals (
            id text primary key,
            pipeline_id text not null,
            stage_id text not null,
            status text not null,
            is_archived boolean not null,
            is_deleted boolean not null,
            added_at timestamptz not null,
            updated_at timestamptz not null,
            closed_at timestamptz,
            record jsonb not null,
            missing_since timestamptz,
            {_LINEAGE}
        )
        """
    )
    op.execute(
        """
        comment on column raw_pipedrive.deals.missing_since is
        'When Pipedrive was first found to have no such deal any more; such a row counts as deleted.
Null for all others.'
        """
    )
    for table in ("pipelines", "stages", "users", "organizations"):
        op.execute(
            f"""
            create table raw_pipedrive.{table} (
                id text primary key,
                archived boolean not null,
                record jsonb not null,
                {_LINEAGE}
            )
            """
        )
        op.execute(
            f"""
            comment on column raw_pipedrive.{table}.archived is
            'Whether Pipedrive''s list does not name it any more.'
            """
        )
    op.execute(
        """
        create table raw_pipedrive.deal_flow (
            deal_id text not null,
            item_id text not null,
            field_key text not null,
            old_value text,
            new_value text,
            changed_at timestamptz not null,
            item jsonb not null,
            landed_at timestamptz not null,
            primary key (deal_id, item_id)
        )
        """
    )
    op.execute(
        """
        comment on table raw_pipedrive.deal_flow is
        'Changes of deals as their flows tell them, one row per deal and item. A row never changes.'
        """
    )
    op.execute(
        """
        create table raw_pipedrive.deal_flow_contradictions (
            deal_id text not null,
            item_id text not null,
            item_hash text not null,
            reason text not null,
            item jsonb not null,
            landed_at timestamptz not null,
            primary key (deal_id, item_id, item_hash)
        )
        """
    )
    op.execute(
        """
        comment on table raw_pipedrive.deal_flow_contradictions is
        'Items that said something else than the same item did before, which stays; one row per deal,
item and content.'
        """
    )
    op.execute(
        """
        create table raw_pipedrive.deal_flow_reads (
            deal_id text primary key,
            due_since timestamptz,
            read_at timestamptz,
            read_version timestamptz,
            pipeline_id text,
            stage_id text,
            failure text,
            check (due_since is not null or read_at is not null),
            check ((read_at is null) = (read_version is null))
        )
        """
    )
    op.execute(
        """
        comment on table raw_pipedrive.deal_flow_reads is
        'One row per deal whose flow was read or is to be: due_since is null when nothing is waiting;
read_version is the deal''s updated_at when its flow was last read, pipeline_id and stage_id are where
it stood then; failure says why the last attempt failed.'
        """
    )
    op.execute(
        "create index on raw_pipedrive.deal_flow_reads (due_since) where due_since is not null"
    )
    op.execute(
        """
        create table raw_pipedrive.read_until (
            object_type text primary key,
            instant timestamptz not null
        )
        """
    )
    op.execute(
        """
        comment on table raw_pipedrive.read_until is
        'By Pipedrive''s clock: when the last load that landed began to read these records. The next
one reads what has changed since, and a little before.'
        """
    )
    op.execute(
        """
        create table raw_pipedrive.tokens_spent (
            day date primary key,
            tokens bigint not null check (tokens >= 0)
        )
        """
    )
    op.execute(
        """
        comment on table raw_pipedrive.tokens_spent is
        'What Millrace''s requests of a day (UTC, by Pipedrive''s clock) have cost, counted before each
request is sent.'
        """
    )

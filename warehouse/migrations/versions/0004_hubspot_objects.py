"""What HubSpot knows beside its companies, and how far each kind of record has been read.

Loads used to keep dlt's tables in `raw_hubspot`; these and the half-landed rows of interrupted
loads now live in `raw_hubspot_staging` alone, for as long as a load lasts.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute("drop schema if exists raw_hubspot_staging cascade")
    for table in ("_dlt_loads", "_dlt_pipeline_state", "_dlt_version"):
        op.execute(f"drop table if exists raw_hubspot.{table}")
    op.execute(
        """
        alter table raw_hubspot.companies
            add column archived_at timestamptz,
            add column missing_since timestamptz
        """
    )
    op.execute("create table raw_hubspot.contacts (like raw_hubspot.companies including all)")
    for table in ("companies", "contacts"):
        op.execute(
            f"""
            comment on column raw_hubspot.{table}.missing_since is
            'When HubSpot was first found to have no such record any more, archived or not; such a
row counts as archived. Null for all others.'
            """
        )
    op.execute(
        """
        create table raw_hubspot.owners (
            id text primary key,
            archived boolean not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            owner jsonb not null,
            _dlt_load_id text not null,
            _dlt_id text not null
        )
        """
    )
    op.execute(
        """
        create table raw_hubspot.property_definitions (
            object_type text not null,
            name text not null,
            archived boolean not null,
            definition jsonb not null,
            _dlt_load_id text not null,
            _dlt_id text not null,
            primary key (object_type, name)
        )
        """
    )
    op.execute(
        """
        create table raw_hubspot.contact_company_associations (
            contact_id text not null,
            company_id text not null,
            category text not null,
            type_id bigint not null,
            label text,
            _dlt_load_id text not null,
            _dlt_id text not null,
            primary key (contact_id, company_id, category, type_id)
        )
        """
    )
    op.execute(
        """
        create table raw_hubspot.read_until (
            object_type text primary key,
            instant timestamptz not null
        )
        """
    )
    op.execute(
        """
        comment on table raw_hubspot.read_until is
        'By HubSpot''s clock: when the last load that landed began to read these records. The next
one reads what has changed since, and a little before.'
        """
    )

"""HubSpot's deals, what records used to say, and which records were merged into which."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute("create table raw_hubspot.deals (like raw_hubspot.companies including all)")
    for other in ("company", "contact"):
        op.execute(
            f"""
            create table raw_hubspot.deal_{other}_associations (
                deal_id text not null,
                {other}_id text not null,
                category text not null,
                type_id bigint not null,
                label text,
                _dlt_load_id text not null,
                _dlt_id text not null,
                primary key (deal_id, {other}_id, category, type_id)
            )
            """
        )
    op.execute(
        """
        create table raw_hubspot.property_history (
            object_type text not null,
            record_id text not null,
            property text not null,
            changed_at timestamptz not null,
            value text not null,
            source_type text not null,
            source_id text,
            source_label text,
            updated_by_user_id bigint,
            _dlt_load_id text not null,
            _dlt_id text not null,
            primary key (object_type, record_id, property, changed_at, value)
        )
        """
    )
    op.execute(
        """
        comment on table raw_hubspot.property_history is
        'Values that properties have or had, from when on each; an empty value is a cleared one.
HubSpot tells some of the latest values alone; what it once told stays here.'
        """
    )
    op.execute(
        """
        create table raw_hubspot.merged_ids (
            object_type text not null,
            merged_id text not null,
            id text not null,
            _dlt_load_id text not null,
            _dlt_id text not null,
            primary key (object_type, merged_id)
        )
        """
    )
    op.execute(
        """
        comment on table raw_hubspot.merged_ids is
        'merged_id was merged into another record, which lives on as id. Where that was merged
again, id is the last one.'
        """
    )
    for table in ("companies", "contacts", "deals"):
        op.execute(
            f"""
            create index on raw_hubspot.{table} (id)
            where properties ->> 'hs_merged_object_ids' is not null
            """
        )
        op.execute(
            f"""
            comment on column raw_hubspot.{table}.missing_since is
            'When HubSpot was first found to have no such record any more, archived or not, or to
have merged it into another; such a row counts as archived. Null for all others.'
            """
        )
    op.execute(
        "alter table raw_hubspot.read_until add column asked_for text[] not null default '{}'"
    )
    op.execute(
        """
        comment on column raw_hubspot.read_until.asked_for is
        'The properties, and with history: in front the histories, that all of these records have
been read with. When more are asked for, all records are read again.'
        """
    )

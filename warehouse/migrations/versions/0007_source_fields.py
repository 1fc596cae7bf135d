"""The fields that vendors' records have had, so that a load can say which are new.

What HubSpot's records have beside their properties arrives too, in `more`.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create table ops.source_field (
            table_name text not null,
            field text not null,
            first_seen_at timestamptz not null,
            primary key (table_name, field)
        )
        """
    )
    op.execute(
        """
        comment on table ops.source_field is
        'Every field that a record of a raw table had when it came in, with the first time.'
        """
    )
    for table in ("companies", "contacts"):
        op.execute(f"alter table raw_hubspot.{table} add column more jsonb")
        op.execute(
            f"""
            comment on column raw_hubspot.{table}.more is
            'What the record has beside the other columns, as it came; null where that is nothing.'
            """
        )

"""An index by which the events of one company, or of a few, are found."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    # As the staging models say it: `millrace explain` reads the events of one company, and
    # int_core__company_histories those of the companies that have other events than before.
    op.execute("create index on raw_events.events ((data ->> 'company_id'))")

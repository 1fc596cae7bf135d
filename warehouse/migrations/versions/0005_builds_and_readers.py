"""Which run built which model, and the role that reads for BI."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""

"""When a backup was put back, so that syncs look before they send."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""

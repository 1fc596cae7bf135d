"""What HubSpot knows beside its companies."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""

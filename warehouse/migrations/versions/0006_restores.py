"""When a backup was put back, so that syncs look before they send."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create table ops.restore (
            restore_id bigint generated always as identity primary key,
            restored_at timestamptz not null,
            taken_at timestamptz not null,
            millrace_version text not null,
            schema_revision text not null,
            check (restored_at >= taken_at)
        )
        """
    )
    op.execute(
        """
        comment on table ops.restore is
        'One row per backup that was put back into this warehouse: taken_at and the versions are the
backup''s. What destinations hold may be newer than ops.sync_state until restored_at.'
        """
    )
    op.execute("alter table ops.sync_run add column rows_confirmed bigint not null default 0")
    op.execute(
        """
        comment on table ops.sync_run is
        'One row per run of a sync. A run that ended done or done_with_failures accounts for every
row: source = unchanged + written + confirmed + failed + unsure + skipped + parked + held_back.'
        """
    )
    op.execute("alter table ops.sync_row drop constraint sync_row_outcome_check")
    op.execute(
        """
        alter table ops.sync_row add constraint sync_row_outcome_check check (
            outcome in ('written', 'confirmed', 'failed', 'unsure', 'skipped')
        )
        """
    )
    op.execute(
        """
        comment on column ops.sync_row.outcome is
        'confirmed: the record was read back and held the values already, so nothing was sent.'
        """
    )

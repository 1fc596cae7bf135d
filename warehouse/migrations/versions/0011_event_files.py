"""How far each event file has landed, and which rejected texts can be read again."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create table ops.event_file (
            place_sha256 text primary key,
            place text not null,
            lines bigint not null,
            texts bigint not null,
            checksum text not null,
            landed_at timestamptz not null,
            check (texts <= lines)
        )
        """
    )
    op.execute(
        """
        comment on table ops.event_file is
        'How far each event file has landed: its first lines, of which texts are not blank, and the
BLAKE2b of these lines, each with a line feed. A load goes on after them while they are the same.'
        """
    )
    op.execute(
        "alter table raw_events.rejected_events add column is_exact boolean not null default true"
    )
    op.execute(
        """
        comment on column raw_events.rejected_events.is_exact is
        'False: raw_text shows as \\xNN what cannot be stored as text, so it is not what was sent.'
        """
    )
    # Of those that are there nobody knows whether they were sent with this escape or got it here.
    op.execute(
        r"update raw_events.rejected_events set is_exact = false where raw_text ~ '\\x[0-9a-f]{2}'"
    )
    # Finds what of a file is rejected: places are the file's with a colon and the line behind it.
    # Of a place that is longer only the beginning, since an entry of an index has its limits.
    op.execute(
        """
        create index rejected_events_place on raw_events.rejected_events (
            (left(source_place, 600)) collate "C"
        )
        """
    )
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'millrace_reader') then
                grant select on ops.event_file to millrace_reader;
            end if;
        end
        $$
        """
    )

"""What Yobi knows: tenants, locations, and what was read of a week, version by version.

A reading of a week is kept as it was read. A later one that says the same is no new version; one
that says something else is, so that a restatement can be told from what was published before.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_SPAN = """
            read_at timestamptz not null,
            week_start date not null,
            first_day date not null,
            last_day date not null,
"""
_LINEAGE = """
            _dlt_load_id text not null,
            _dlt_id text not null,
"""


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute("create schema raw_yobi")
    op.execute(
        """
        create table raw_yobi.tenants (
            tenant_id text primary key,
            name text not null,
            domain text,
            website text,
            archived boolean not null,
            more jsonb,
            _dlt_load_id text not null,
            _dlt_id text not null
        )
        """
    )
    op.execute(
        """
        create table raw_yobi.locations (
            location_id text primary key,
            tenant_id text not null,
            name text,
            archived boolean not null,
            more jsonb,
            _dlt_load_id text not null,
            _dlt_id text not null
        )
        """
    )
    op.execute(
        f"""
        create table raw_yobi.calls_by_tenant (
            {_SPAN}
            tenant_id text not null,
            total_calls bigint not null,
            internal_calls bigint not null,
            {_LINEAGE}
            primary key (week_start, read_at, tenant_id, first_day)
        )
        """
    )
    op.execute(
        f"""
        create table raw_yobi.tasks_by_tenant (
            {_SPAN}
            tenant_id text not null,
            created bigint not null,
            internal_created bigint not null,
            {_LINEAGE}
            primary key (week_start, read_at, tenant_id, first_day)
        )
        """
    )
    op.execute(
        f"""
        create table raw_yobi.appointments_by_location (
            {_SPAN}
            location_id text not null,
            tenant_id text not null,
            appointment_count bigint not null,
            new_patients bigint not null,
            internal_appointment_count bigint not null,
            internal_new_patients bigint not null,
            {_LINEAGE}
            primary key (week_start, read_at, location_id, first_day)
        )
        """
    )
    op.execute(
        """
        create table raw_yobi.week_readings (
            week_start date not null,
            metric text not null check (metric in ('calls', 'tasks', 'appointments')),
            read_at timestamptz not null,
            last_read_at timestamptz not null,
            week_end date not null,
            time_zone text not null,
            period text not null,
            has_user_figures boolean not null,
            internal_domains text[] not null,
            primary key (week_start, metric, read_at)
        )
        """
    )
    op.execute(
        """
        create table raw_yobi.missing_metrics (
            week_start date not null,
            metric text not null,
            read_at timestamptz not null,
            tenant_id text not null,
            reason text not null check (reason in ('absent', 'without_trend')),
            primary key (week_start, metric, read_at, tenant_id),
            foreign key (week_start, metric, read_at) references raw_yobi.week_readings
        )
        """
    )
    for target, comment in _COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


_COMMENTS = {
    "table raw_yobi.week_readings": "One row per week, metric and version: what was read of it "
    "first at read_at, and again until last_read_at without a change.",
    "table raw_yobi.missing_metrics": "The tenants of which a version does not know the metric.",
    "column raw_yobi.tenants.archived": "Whether the list no longer has the tenant.",
    "column raw_yobi.calls_by_tenant.first_day": "Equal to last_day where the figures came day by "
    "day, else the whole week is one row; sums over the rows of a version are right in both cases.",
    "column raw_yobi.calls_by_tenant.internal_calls": "How many of total_calls belong to users of "
    "the internal domains; 0 where Yobi does not tell users apart.",
}

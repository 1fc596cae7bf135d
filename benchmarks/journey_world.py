"""Invented companies for the journey's benchmark: their events, and what was decided before.

Every fifth company needs a customer-success manager, by turns: a new one (round-robin), one whose
manager has left and who had another one before (history), one whose manager has left (round-robin).
All others have a manager who stays.

40 buckets: five kinds of company in each of eight regions, 200 active managers. In the last two
regions the buckets of one stage, and two stages more, share their managers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from warehouse.database import Warehouse

FIRST_RUN = datetime(2026, 6, 1, 6, tzinfo=UTC)
"""`as_of` of the run that decides about everything."""
SECOND_RUN = FIRST_RUN + timedelta(minutes=30)
"""`as_of` of the run that meets what the first one has logged, and no new event."""
NEXT_RUN = FIRST_RUN + timedelta(hours=1)
"""`as_of` of the run that meets a few new events."""

_COUNTRIES = ("DE", "FR", "US", "CA", "JP", "AU", "BR", "IN")
_SHARING = _COUNTRIES[6:]
_KINDS = (
    ("cs_no_touch", "1-2000"),
    ("cs_onboarding", "2001-8000"),
    ("cs_onboarding", "8001+"),
    ("cs_success", "2001-8000"),
    ("cs_sbp", "2001-8000"),
)
_MANAGERS_OF_A_BUCKET = 5

_COMPANIES: LiteralString = """
    create unlogged table {companies} as
    select
        n,
        'company-' || lpad(n::text, 8, '0') as company_id,
        n % 40 as bucket,
        n % 5 as kind,
        ({countries}::text[])[1 + n % 40 / 5] as country,
        n / 40 % 5 = 0 as is_due,
        n / 200 % 4 as turn,
        format('cs.%s.%s', lpad((n % 40)::text, 2, '0'), n / 200 % 5) as manager,
        format('left.%s.%s', lpad((n % 40)::text, 2, '0'), n / 200 % 5) as manager_who_left,
        ({stages}::text[])[1 + n % 5] as cs_stage,
        (array[100, 400, 1000, 400.5, 300])[1 + n % 5] as mrr,
        case n % 5 when 4 then 'connecteam_free_small_business' else 'basic' end as plan_id,
        {as_of}::timestamptz - (array[120, 30, 200, 200, 60])[1 + n % 5] * interval '1 day'
        - n % 86400 * interval '1 second' as paying_since
    from generate_series(0, {count} - 1) as n
"""

_EVENTS: LiteralString = """
    insert into raw_events.events
        (event_id, content_hash, event_type, occurred_at, received_at, source, source_place, data)
    select
        id::text,
        encode(sha256(convert_to(id::text, 'UTF8')), 'hex'),
        event_type,
        occurred_at,
        {as_of},
        'product',
        'invented',
        jsonb_build_object('company_id', company_id) || data
    from {companies} as companies
    cross join lateral (
        values
        (
            'company_created',
            paying_since - interval '2 days',
            jsonb_build_object('name', 'Company ' || n, 'country', country),
            true
        ),
        (
            'company_updated',
            paying_since - interval '1 day',
            jsonb_build_object(
                'status', 'PAID',
                'plan_id', plan_id,
                'signup_timestamp', paying_since - interval '2 days',
                'num_of_employees_range', '1-10',
                'hubspot_company_id', (900000000 + n)::text
            ),
            true
        ),
        (
            'subscription_changed',
            paying_since,
            jsonb_build_object('plan_id', plan_id, 'mrr', mrr, 'status', 'active'),
            true
        ),
        (
            'payment_received',
            paying_since + interval '1 hour',
            jsonb_build_object('amount', mrr, 'currency', 'USD'),
            true
        ),
        (
            'subscription_changed',
            paying_since + interval '20 days',
            jsonb_build_object('plan_id', plan_id, 'mrr', mrr, 'status', 'past_due'),
            n % 2 = 0
        ),
        (
            'cs_manager_lock_set',
            paying_since + interval '21 days',
            jsonb_build_object('expires_at', {as_of}::timestamptz + interval '30 days'),
            n % 100 = 1 and not is_due
        ),
        (
            'company_updated',
            paying_since + interval '22 days',
            jsonb_build_object('customer_success_manager', manager),
            n % 20 = 2 and not is_due
        )
    ) as events (event_type, occurred_at, data, is_sent)
    cross join lateral (
        select md5(concat(n, ' ', event_type, ' ', occurred_at))::uuid as id
    ) as named
    where is_sent
"""

_LOG: LiteralString = """
    insert into journey.company_change_log
        (change_id, company_id, field, old_value, new_value, changed_at, rule, assignment_reason,
        source_event_id, run_id)
    select
        row_number() over (order by changed_at, company_id collate "C", field),
        company_id,
        field,
        old_value,
        new_value,
        changed_at,
        'onboarding',
        'round_robin',
        null,
        'invented ' || changed_at::date
    from {companies} as companies
    cross join lateral (
        select
            case when is_due then manager_who_left else manager end as last_manager,
            {as_of}::timestamptz - interval '25 days' as earlier,
            {as_of}::timestamptz - interval '20 days' as last
    ) as history
    cross join lateral (
        values
        ('cs_stage', null, cs_stage, last, true),
        ('customer_success_manager', null, manager, earlier, is_due and turn = 0),
        (
            'customer_success_manager',
            case when is_due and turn = 0 then manager end,
            last_manager,
            last,
            true
        ),
        ('account_manager', null, last_manager, last, true)
    ) as changes (field, old_value, new_value, changed_at, happened)
    where happened and (not is_due or turn in (0, 1))
"""

_LATER_EVENTS: LiteralString = """
    insert into raw_events.events
        (event_id, content_hash, event_type, occurred_at, received_at, source, source_place, data)
    select
        id::text,
        encode(sha256(convert_to(id::text, 'UTF8')), 'hex'),
        'subscription_changed',
        {as_of}::timestamptz + n * interval '1 second',
        {as_of}::timestamptz + interval '20 minutes',
        'product',
        'invented later',
        jsonb_build_object(
            'company_id', company_id, 'plan_id', 'basic', 'mrr', 1000, 'status', 'active'
        )
    from {companies} as companies
    cross join lateral (select md5('later ' || n)::uuid as id) as named
    where n < {count}
"""


def reference_files() -> dict[str, str]:
    """The files that replace those of `seeds/reference`, by name without `.csv`."""
    return {
        "cs_managers": "\n".join(
            [
                "username,department,cs_stage,region,arr_range,lead_intake,is_active,email,hubspot_owner_id",
                *_manager_rows(),
            ]
        ),
        "country_regions": "\n".join(
            ["country,region", *(f"{country},{country} and around" for country in _COUNTRIES)]
        ),
    }


def project_with_reference_files(folder: Path) -> Path:
    """The dbt project of the working directory, in a folder of its own, with these files in it."""
    project = folder / "project"
    reference = project / "seeds" / "reference"
    reference.mkdir(parents=True)
    for name in (
        "dbt_project.yml",
        "profiles.example.yml",
        "models",
        "macros",
        "snapshots",
        "tests",
    ):
        (project / name).symlink_to(Path.cwd() / name)
    (project / "profiles.yml").symlink_to(Path.cwd() / "profiles.example.yml")
    ours = reference_files()
    for path in (Path.cwd() / "seeds" / "reference").iterdir():
        if path.stem in ours and path.suffix == ".csv":
            (reference / path.name).write_text(ours[path.stem] + "\n")
        else:
            (reference / path.name).symlink_to(path)
    return project


def land_companies(warehouse: Warehouse, companies: int) -> int:
    """Put the companies' events into the raw table.

    Args:
        warehouse: migrated, without events.
        companies: how many; a multiple of 4,000 has every kind as often.

    Returns:
        How many events they have.
    """
    values = {
        "companies": _TABLE,
        "count": sql.Literal(companies),
        "as_of": sql.Literal(FIRST_RUN),
        "countries": sql.Literal(list(_COUNTRIES)),
        "stages": sql.Literal([stage for stage, _ in _KINDS]),
    }
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("create schema if not exists invented")
        connection.execute(sql.SQL(_COMPANIES).format(**values))
        landed = connection.execute(sql.SQL(_EVENTS).format(**values)).rowcount
        connection.execute("vacuum analyze raw_events.events")
    return landed


def log_earlier_runs(warehouse: Warehouse) -> None:
    """Write what was decided of the companies before; the log has to be there, and empty."""
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(sql.SQL(_LOG).format(companies=_TABLE, as_of=sql.Literal(FIRST_RUN)))
        connection.execute("vacuum analyze journey.company_change_log")


def land_later_events(warehouse: Warehouse, events: int) -> None:
    """Land so many events more, each of another company, between the second run and the next."""
    with warehouse.connect() as connection:
        connection.execute(
            sql.SQL(_LATER_EVENTS).format(
                companies=_TABLE, as_of=sql.Literal(SECOND_RUN), count=sql.Literal(events)
            )
        )


_TABLE = sql.Identifier("invented", "companies")


def _manager_rows() -> Iterator[str]:
    for bucket in range(len(_COUNTRIES) * len(_KINDS)):
        country = _COUNTRIES[bucket // len(_KINDS)]
        stage, arr_range = _KINDS[bucket % len(_KINDS)]
        served = [(stage, arr_range)]
        if country in _SHARING and stage == "cs_onboarding":
            served = [(stage, "*")]
        elif country in _SHARING and stage == "cs_no_touch":
            served.append(("cs_sbp", "2001-8000"))
        for number in range(_MANAGERS_OF_A_BUCKET):
            for prefix, is_active in (("cs", "true"), ("left", "false")):
                name = f"{prefix}.{bucket:02}.{number}"
                for each_stage, each_range in served:
                    yield (
                        f"{name},customer_success,{each_stage},{country} and around,{each_range},"
                        f"1,{is_active},{name}@example.com,"
                    )

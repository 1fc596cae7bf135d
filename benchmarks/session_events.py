"""Invented events for the benchmarks: visits to a web site, as a sender's log has them."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

BROKEN_EVERY = 1_000
"""One line in so many breaks the contract."""

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_BROKEN = [
    '{"event_id": "cut off',
    '{"event_id": "e", "event_type": "session_started", "occurred_at": "today", "data": {}}',
    '{"event_type": "session_started", "occurred_at": "2026-01-01T00:00:00Z", "data": {}}',
]


def session_lines(count: int, *, broken_every: int | None = BROKEN_EVERY) -> Iterator[str]:
    """So many lines, always the same ones; the broken ones among them are part of the count."""
    chance = random.Random(2026)  # noqa: S311  nothing secret
    for number in range(1, count + 1):
        if broken_every and number % broken_every == 0:
            yield _BROKEN[number // broken_every % len(_BROKEN)] + "\n"
        else:
            yield json.dumps(_session(number, chance), ensure_ascii=False) + "\n"


def write_sessions(path: Path, count: int, *, broken_every: int | None = BROKEN_EVERY) -> None:
    """Write these lines to a file, few of them in memory at a time."""
    lines = session_lines(count, broken_every=broken_every)
    with path.open("w", encoding="utf-8") as file:
        while chunk := list(islice(lines, 10_000)):
            file.writelines(chunk)


def _session(number: int, chance: random.Random) -> dict[str, object]:
    campaign = f"spring-{chance.randrange(50)}"
    return {
        "event_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "event_type": "session_started",
        "occurred_at": (_FIRST + timedelta(seconds=2 * number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": "web",
        "data": {
            "session_id": f"s-{chance.getrandbits(64):x}",
            "client_id": f"c-{chance.getrandbits(40):x}",
            "landing_url": f"https://www.example.com/pricing?utm_source=search&utm_campaign={campaign}",
            "referrer": "https://search.example.com/",
            "utm_source": "search",
            "utm_medium": "cpc",
            "utm_campaign": campaign,
            "gclid": f"{chance.getrandbits(200):x}",
            "country": chance.choice(["DE", "FR", "US"]),
            "city": chance.choice(["Köln", "Lyon", "Austin"]),
            "device_type": chance.choice(["desktop", "mobile"]),
            "browser": "Firefox",
            "os": "Linux",
            "ad_consent": chance.random() < 0.5,
        },
    }

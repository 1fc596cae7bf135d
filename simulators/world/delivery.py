"""How events arrive: promptly, late, twice, or under an id that another content has already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from simulators.world.calendar import LAST_DAY_START, WORLD_END
from simulators.world.model import ArrivedLine, Delivery, Event, JsonValue
from simulators.world.streams import random_stream

_SHARE_LATE = 0.04
_SHARE_REPEATED = 0.025
_SHARE_WITH_EXTRAS = 0.03
_CONFLICTS = 3
_LONGEST_DELAY = timedelta(days=20)
_DECIDES_NOTHING = {"payment_received", "zoom_meeting_held", "company_inactive"}


def deliver(seed: int, events: Iterable[Event], name: str) -> list[ArrivedLine]:
    """The lines in which these events arrive; an event may have two.

    Args:
        seed: of the world.
        events: in any order.
        name: of the stream of chance to draw from, e.g. the company's id.
    """
    stream = random_stream(seed, "delivery", name)
    lines: list[ArrivedLine] = []
    for event in events:
        arrived_at = event.arrives_at or _draw_arrival(stream, event)
        first = ArrivedLine(arrived_at, as_line(_with_extras(stream, event)), event.event_id)
        lines.append(first)
        if stream.random() < _SHARE_REPEATED:
            lines.extend(_repeat(stream, first))
    return lines


def conflicting_lines(seed: int, events: Iterable[Event]) -> Iterator[ArrivedLine]:
    """A few payments once more, under the same id and with another amount.

    Which of the two counts decides nothing in the company journey.
    """
    stream = random_stream(seed, "conflicts")
    payments = [
        event
        for event in events
        if event.event_type == "payment_received" and event.occurred_at < LAST_DAY_START
    ]
    for payment in stream.sample(payments, min(_CONFLICTS, len(payments))):
        amount = Decimal(str(payment.data["amount"])) + 1
        corrected = replace(payment, data={**payment.data, "amount": amount})
        arrived_at = payment.occurred_at.astimezone(UTC) + timedelta(hours=stream.uniform(1, 20))
        yield ArrivedLine(arrived_at, as_line(corrected), payment.event_id, Delivery.CONFLICT)


def as_line(event: Event) -> str:
    """The event as one JSON text of the contract's envelope (spec/events.md, Envelope)."""
    envelope: dict[str, JsonValue] = {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "occurred_at": as_text(event.occurred_at),
    }
    if event.source is not None:
        envelope["source"] = event.source
    return as_json(envelope | {"data": dict(event.data)})


def as_json(value: JsonValue) -> str:
    """One line of JSON; decimals as numbers with their digits."""
    return json.dumps(value, ensure_ascii=False, default=_number)


def as_text(instant: datetime) -> str:
    """RFC 3339, in the instant's own offset; UTC as `Z`."""
    return instant.isoformat().replace("+00:00", "Z")


def _number(value: object) -> int | float:
    if isinstance(value, Decimal):
        # The shortest text of a float has the same digits, up to 15 of them.
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _draw_arrival(stream: Random, event: Event) -> datetime:
    """Mostly within minutes; some hours to 20 days late.

    What decides something is late only if it still arrives before the last day, which has a story
    of its own to tell.
    """
    occurred_at = event.occurred_at.astimezone(UTC)
    prompt = occurred_at + _milliseconds(min(2 + stream.expovariate(1 / 90), 900))
    if stream.random() >= _SHARE_LATE:
        return prompt
    delay = _milliseconds(3600 * (1 + stream.lognormvariate(3.2, 1.3)))
    latest = WORLD_END if event.event_type in _DECIDES_NOTHING else LAST_DAY_START
    late = occurred_at + min(delay, _LONGEST_DELAY)
    return late if late <= latest else prompt


def _repeat(stream: Random, line: ArrivedLine) -> Iterator[ArrivedLine]:
    """The same line again, minutes or days later; none after the end of the world."""
    by_minutes = stream.random() < 0.5
    delay = stream.uniform(60, 3600) if by_minutes else stream.uniform(1, 4) * 86_400
    arrived_at = line.arrived_at + _milliseconds(delay)
    if arrived_at <= WORLD_END:
        yield replace(line, arrived_at=arrived_at, delivery=Delivery.REPEAT)


def _with_extras(stream: Random, event: Event) -> Event:
    """Now and then a sender says more than the contract asks for."""
    if stream.random() >= _SHARE_WITH_EXTRAS:
        return event
    extras: tuple[dict[str, JsonValue], ...] = (
        {"app_version": "5.12.1"},
        {"trace": {"id": f"{stream.getrandbits(64):016x}", "retries": 0}},
        {"tags": ["imported", "v2"]},
    )
    return replace(event, data={**event.data, **stream.choice(extras)})


def _milliseconds(seconds: float) -> timedelta:
    return timedelta(milliseconds=int(seconds * 1000))

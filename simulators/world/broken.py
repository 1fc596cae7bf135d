"""Lines that break the contract, in every way that it names (spec/events.md, Envelope).

Each is a failed attempt to send an event whose own line arrives shortly after: what is rejected
takes nothing away, and does not occupy its id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from simulators.world.calendar import LAST_DAY_START
from simulators.world.delivery import as_json
from simulators.world.model import ArrivedLine, Defect, Delivery
from simulators.world.streams import random_stream

_SHARE = 0.005
_ONE_IN_SO_MANY_ON_THE_LAST_DAY = 5
_MARKS = {
    Defect.REQUIRED_FIELD_NULL: '"event_type": "subscription_changed"',
    Defect.REQUIRED_FIELD_OF_WRONG_TYPE: '"event_type": "subscription_changed"',
    Defect.SIGNUP_WITHOUT_OFFSET: '"signup_timestamp": "',
    Defect.UNKNOWN_STAGE: '"event_type": "cs_stage_lock_set"',
}
"""What a line must hold to be broken so; every line can be broken in the other ways."""


def broken_lines(seed: int, lines: Sequence[ArrivedLine], name: str) -> Iterator[ArrivedLine]:
    """About 0.5 % as many as there are lines, and one of each kind at least, if events allow.

    Args:
        seed: of the world.
        lines: what arrives unbroken.
        name: of the stream of chance to draw from, e.g. what the lines are about.
    """
    stream = random_stream(seed, "broken", name)
    whole = [line for line in lines if line.delivery is Delivery.FIRST]
    recent = [line for line in whole if line.arrived_at > LAST_DAY_START + timedelta(minutes=10)]
    more = max(0, round(len(lines) * _SHARE) - len(Defect))
    for number, defect in enumerate((*Defect, *stream.choices(list(Defect), k=more))):
        mark = _MARKS.get(defect, "")
        on_last_day = number % _ONE_IN_SO_MANY_ON_THE_LAST_DAY == 0
        possible = [line for line in recent if on_last_day and mark in line.line]
        possible = possible or [line for line in whole if mark in line.line]
        if possible:
            line = stream.choice(possible)
            yield ArrivedLine(
                arrived_at=line.arrived_at - timedelta(seconds=stream.randrange(5, 300)),
                line=_broken(line.line, defect),
                event_id=line.event_id,
                delivery=Delivery.BROKEN,
                defect=defect,
            )


def _broken(line: str, defect: Defect) -> str:
    if defect is Defect.NOT_JSON:
        return line[: len(line) * 2 // 3]
    event: dict[str, Any] = json.loads(line)
    _BREAK[defect](event)
    return as_json(event)


_BREAK: Mapping[Defect, Callable[[dict[str, Any]], object]] = {
    Defect.NO_EVENT_ID: lambda event: event.pop("event_id"),
    Defect.EVENT_ID_TOO_LONG: lambda event: event.update(
        event_id=event["event_id"].ljust(129, "0")
    ),
    Defect.UNKNOWN_TYPE: lambda event: event.update(event_type=f"{event['event_type']}_v2"),
    Defect.BAD_TIME: lambda event: event.update(
        occurred_at=f"2026-13-45{event['occurred_at'][10:]}"
    ),
    Defect.TIME_WITHOUT_OFFSET: lambda event: event.update(occurred_at=event["occurred_at"][:19]),
    Defect.FAR_FUTURE: lambda event: event.update(occurred_at=f"2999{event['occurred_at'][4:]}"),
    Defect.DATA_NOT_AN_OBJECT: lambda event: event.update(data=[event["data"]]),
    # The first field of every event is the id of whom it is about.
    Defect.REQUIRED_FIELD_MISSING: lambda event: event["data"].pop(next(iter(event["data"]))),
    Defect.REQUIRED_FIELD_NULL: lambda event: event["data"].update(mrr=None),
    Defect.REQUIRED_FIELD_OF_WRONG_TYPE: lambda event: event["data"].update(mrr="a lot"),
    Defect.SIGNUP_WITHOUT_OFFSET: lambda event: event["data"].update(
        signup_timestamp=event["data"]["signup_timestamp"][:19]
    ),
    Defect.UNKNOWN_STAGE: lambda event: event["data"].update(cs_stage="cs_vip"),
}
"""What is done to an event so that it is broken this way."""

"""Events as a sender writes them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

RECEIVED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEFT_OUT = object()
"""As a field's value: the field is not sent."""


def event(**fields: object) -> dict[str, object]:
    """A good event, with these fields of the envelope instead."""
    sent = {
        "event_id": "event-1",
        "event_type": "subscription_changed",
        "occurred_at": "2026-02-03T04:05:06Z",
        "source": "billing",
        "data": {"company_id": "c-1", "plan_id": "pro", "mrr": 100, "status": "active"},
    }
    return {name: value for name, value in (sent | fields).items() if value is not LEFT_OUT}


def event_with_data(event_type: str, data: Mapping[str, object]) -> dict[str, object]:
    """A good event of a type, with this data."""
    return event(event_type=event_type, data=dict(data))


def text(sent: object) -> bytes:
    """What is sent, as JSON."""
    return json.dumps(sent).encode()


def write_lines(path: Path, lines: Iterable[bytes]) -> Path:
    """A file of these lines, compressed as its name says."""
    content = b"".join(line + b"\n" for line in lines)
    match path.suffix:
        case ".gz":
            path.write_bytes(gzip.compress(content))
        case ".zst":
            with pa.CompressedOutputStream(str(path), "zstd") as stream:
                stream.write(content)
        case _:
            path.write_bytes(content)
    return path

"""Personal values as the ledger keeps them: as digests, by which they can be known again.

A digest says whether two values are the same and nothing else (spec/README.md, What must always
hold, 6).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest(value: str) -> str:
    """What stands in for a personal value in `ops`: `sha256:` and the hex digest of its UTF-8."""
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"


def is_digest(text: str | None) -> bool:
    """Whether a text of the ledger is a digest, and not a value."""
    return text is not None and _DIGEST.fullmatch(text) is not None


def kept(values: Mapping[str, str | None], personal: Collection[str]) -> dict[str, str | None]:
    """Values as the ledger keeps them: those of `personal` properties as digests."""
    return {
        name: digest(value) if value is not None and name in personal else value
        for name, value in values.items()
    }


def without(text: str, values: Iterable[str]) -> str:
    """The text with `(personal)` where one of the values stood, however it is capitalized."""
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "(personal)", text, flags=re.IGNORECASE)
    return text

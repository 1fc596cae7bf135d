"""What others say, made fit to be kept: without addresses, and not too long."""

from __future__ import annotations

import re
from collections.abc import Collection

_EMAIL = re.compile(r"[^\s@\"'<>,;:()\[\]]+@[^\s@\"'<>,;:()\[\]]+\.[A-Za-z]{2,}")
_LONGEST = 1000
"""Characters."""


def without_addresses(text: str, known: Collection[str] = ()) -> str:
    """The text with `(address)` where an e-mail address stood, cut to size.

    Args:
        text: a vendor's or a server's words.
        known: addresses that it may be about; what stands before their `@` goes too.
    """
    text = _EMAIL.sub("(address)", text)
    names = {part for each in known for part in (each, each.rpartition("@")[0]) if part}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "(address)", text, flags=re.I)
    return text[:_LONGEST]

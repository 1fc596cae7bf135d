r"""Arrow columns as PostgreSQL reads them: rows of COPY's text format, and array literals.

Whole columns are escaped at once; COPY knows `\\`, `\t`, `\n` and `\r`, and `\N` for null.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa  # type: ignore[import-untyped]  # ships no types
import pyarrow.compute as pc  # type: ignore[import-untyped]

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}  # the backslash first
_NULL = "\\N"


def copy_rows(columns: Iterable[pa.ChunkedArray]) -> pa.ChunkedArray:
    """The rows of these columns in COPY's text format, each with its line feed.

    Args:
        columns: of text, or of what Arrow writes as PostgreSQL reads it; null is null.
    """
    fields = [_copy_field(column) for column in columns]
    return pc.binary_join_element_wise(pc.binary_join_element_wise(*fields, "\t"), "\n", "")


def array_literal(texts: pa.ChunkedArray) -> str:
    """Texts as the literal of a `text[]`; none of them null."""
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return "{" + ",".join(f'"{text}"' for text in escaped.to_pylist()) + "}"


def _copy_field(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = column.cast(pa.string())
    if pc.any(pc.match_substring_regex(text, r"[\\\t\n\r]")).as_py():
        for character, escape in _ESCAPES.items():
            text = pc.replace_substring(text, character, escape)
    return pc.fill_null(text, _NULL)

r"""Arrow columns as PostgreSQL reads them: rows of COPY's text format, and array literals.

Whole columns are escaped at once; COPY knows `\\`, `\t`, `\n` and `\r`, and `\N` for null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}  # the backslash first
_NULL = "\\N"


def copy_rows(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """The rows of these columns in COPY's text format, each with its line feed.

    Args:
        columns: of text, or of what Arrow writes as PostgreSQL reads it; null is null.
    """
    *fields, last = (_copy_field(column) for column in columns)
    return pc.binary_join_element_wise(*fields, pc.binary_join_element_wise(last, "\n", ""), "\t")


def contents(texts: pa.ChunkedArray) -> Iterator[memoryview]:
    """The texts of a column after one another, without a copy of them."""
    for chunk in texts.chunks:
        _, offsets, content = chunk.buffers()
        if len(chunk):
            ends = memoryview(offsets).cast("i")
            yield memoryview(content)[ends[chunk.offset] : ends[chunk.offset + len(chunk)]]


def array_literal(texts: pa.ChunkedArray) -> str:
    """Texts as the literal of a `text[]`; none of them null."""
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return "{" + ",".join(f'"{text}"' for text in escaped.to_pylist()) + "}"


def _copy_field(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    elif pc.any(pc.match_substring_regex(column, r"[\\\t\n\r]")).as_py():
        for character, escape in _ESCAPES.items():
            column = pc.replace_substring(column, character, escape)
    return pc.fill_null(column, _NULL) if column.null_count else column

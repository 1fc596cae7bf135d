"""Personal values are kept out of words that others say."""

from __future__ import annotations

import pytest

from activation.personal import without


@pytest.mark.parametrize(
    ("text", "values", "left"),
    [
        ("+43 555 is no number", ["+43 555"], "(personal) is no number"),
        ('["ADA QUAINT"] has no place', ["Ada Quaint"], '["(personal)"] has no place'),
        ("Adam is not Ada", ["Ada"], "Adam is not (personal)"),
        ("Ada Quaint", ["Ada", "Ada Quaint"], "(personal)"),
        ("a.b, not acb", ["a.b"], "(personal), not acb"),
        ("nothing to hide", [""], "nothing to hide"),
    ],
)
def test_a_quoted_value_is_replaced(text: str, values: list[str], left: str) -> None:
    assert without(text, values) == left

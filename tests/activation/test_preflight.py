from __future__ import annotations

import pytest

from activation.preflight import misfit
from activation.writers.base import Option, PropertyDescription, ValueKind

OPTIONS = (Option("a", "A"), Option("b", "B", is_hidden=True))


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ValueKind.NUMBER, ["1", "-1.50", "1e3"], ["one", "1,5", "NaN", "Infinity"]),
        (ValueKind.BOOLEAN, ["true", "false"], ["yes", "TRUE", "1"]),
        (ValueKind.DATE, ["2026-11-01", "1793491200000"], ["01.11.2026", "2026-13-01", "12"]),
        (
            ValueKind.INSTANT,
            ["2026-11-01T10:00:00+00:00", "2026-11-01T10:00:00.123456Z", "1793527200000"],
            ["yesterday", "2026-11-01T25:00:00Z"],
        ),
        (ValueKind.CHOICE, ["a", "b"], ["A", "c", "a;b"]),
        (ValueKind.CHOICES, ["a", "b;a"], ["a;c"]),
        (ValueKind.TEXT, ["anything", "12345"], ["longer than it may be"]),
    ],
)
def test_a_value_fits_a_property_of_its_kind_and_no_other(
    kind: ValueKind, good: list[str], bad: list[str]
) -> None:
    limit = 20 if kind is ValueKind.TEXT else None
    description = PropertyDescription("p", kind, options=OPTIONS, max_length=limit)
    assert [value for value in good if misfit(description, value)] == []
    assert [value for value in bad if not misfit(description, value)] == []


def test_a_new_choice_fits_where_options_can_be_made() -> None:
    description = PropertyDescription(
        "p", ValueKind.CHOICE, options=OPTIONS, takes_new_options=True
    )
    assert misfit(description, "c") is None


def test_the_reason_names_what_is_missing_and_never_the_value() -> None:
    description = PropertyDescription("p", ValueKind.CHOICE, options=OPTIONS, option_noun="owner")
    assert misfit(description, "private") == "the value is not an existing owner"

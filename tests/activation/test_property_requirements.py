"""What a sync's file asks of a property is looked at before anything is sent.

spec/engagement.md, Publish, fail fast: the properties exist with a fitting type.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from activation import RunStatus, plan_sync, run_sync
from activation.errors import PreflightError
from activation.setup import create_properties, missing_properties
from activation.writers.base import Option, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.weekly import (
    TIERS,
    WEEKLY,
    destination,
    figures,
    want,
    weekly,
)
from warehouse.database import Warehouse


def changed(name: str, **changes: Any) -> MemoryWriter:
    """A destination whose property of that name is another one."""
    writer = destination()
    writer.properties[name] = replace(writer.properties[name], **changes)
    return writer


@pytest.mark.parametrize("policy", ["all_or_nothing", "row_by_row"])
def test_a_property_of_another_kind_fails_the_run_and_is_told_with_those_that_fit(
    warehouse: Warehouse, policy: str
) -> None:
    want(warehouse, figures(2))
    writer = changed("figure_tier", kind=ValueKind.DATE)
    result = run_sync(warehouse, weekly(policy=policy), writer=writer)
    assert (result.status, writer.requests) == (RunStatus.FAILED, [])
    assert "figure_tier is of the kind date, and only text or choice fits" in str(result.message)
    assert "change its type there" in str(result.message)


def test_all_that_does_not_fit_is_told_at_once(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    writer = changed("figure_score", kind=ValueKind.TEXT)
    writer.properties["figure_tier"] = replace(writer.properties["figure_tier"], options=())
    del writer.properties["figure_rank"]
    message = str(run_sync(warehouse, WEEKLY, writer=writer).message)
    assert "figure_score is of the kind text" in message
    assert "no property figure_rank" in message
    assert all(f'"{label}"' in message for label in TIERS)


@pytest.mark.parametrize("kind", [ValueKind.TEXT, ValueKind.DATE])
def test_one_of_several_kinds_that_fit_is_enough(warehouse: Warehouse, kind: ValueKind) -> None:
    want(warehouse, figures(2))
    assert run_sync(warehouse, WEEKLY, writer=changed("figure_week", kind=kind)).written == 2


def test_an_optional_property_that_is_there_must_fit(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    writer = changed("figure_week", kind=ValueKind.BOOLEAN)
    result = run_sync(warehouse, WEEKLY, writer=writer)
    assert (result.status, writer.requests) == (RunStatus.FAILED, [])
    assert "figure_week is of the kind boolean" in str(result.message)


def test_missing_options_are_named_and_none_is_added(warehouse: Warehouse) -> None:
    want(warehouse, figures(3))
    writer = changed("figure_tier", options=(Option("Top 30%", "Top 30%"), Option("x", "Mid")))
    result = run_sync(warehouse, WEEKLY, writer=writer)
    assert (result.status, writer.requests, writer.option_lists) == (RunStatus.FAILED, [], [])
    assert 'the options "Middle 40%", "Bottom 30%": add them there' in str(result.message)


def test_a_value_that_is_no_declared_option_is_not_made_one(warehouse: Warehouse) -> None:
    want(warehouse, figures(2) | {"1003": {"score": "1", "tier": "Top 20%"}})
    writer = destination()
    result = run_sync(warehouse, weekly(policy="row_by_row"), writer=writer)
    assert (result.written, result.skipped, writer.option_lists) == (2, 1, [])
    writer = destination()
    assert run_sync(warehouse, WEEKLY, writer=writer, full=True).status is RunStatus.FAILED
    assert (writer.requests, writer.option_lists) == ([], [])


def test_more_options_than_declared_do_no_harm(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    options = tuple(Option(value, value) for value in ("None", *TIERS))
    assert run_sync(warehouse, WEEKLY, writer=changed("figure_tier", options=options)).written == 2


def test_options_mean_nothing_to_a_property_that_is_no_list(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    writer = changed("figure_tier", kind=ValueKind.TEXT, options=())
    assert run_sync(warehouse, WEEKLY, writer=writer).written == 2


def test_all_or_nothing_looks_at_properties_that_do_not_change_too(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    run_sync(warehouse, WEEKLY, writer=destination())
    want(warehouse, figures(2) | {"1001": {**figures(2)["1001"], "score": "99"}})
    for writer in (changed("figure_tier", options=()), destination()):
        if writer.properties["figure_tier"].options:
            del writer.properties["figure_rank"]
        result = run_sync(warehouse, WEEKLY, writer=writer)
        assert (result.status, writer.requests) == (RunStatus.FAILED, [])
    assert run_sync(warehouse, WEEKLY, writer=destination()).written == 1


def test_a_plan_against_the_destination_looks_at_them_too(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    with pytest.raises(PreflightError, match="figure_score is of the kind text"):
        plan_sync(
            warehouse,
            WEEKLY,
            writer=changed("figure_score", kind=ValueKind.TEXT),
            against_destination=True,
        )


def test_setup_makes_properties_that_fit(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    writer = MemoryWriter(properties={})
    create_properties(missing_properties(WEEKLY, writer), writer)
    assert list(writer.properties) == list(WEEKLY.properties)
    assert [option.value for option in writer.properties["figure_tier"].options] == list(TIERS)
    assert run_sync(warehouse, WEEKLY, writer=writer).written == 2

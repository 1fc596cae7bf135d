"""One destination per case and session, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.activation.contract.case import Case
from tests.activation.contract.cases import CASES


@pytest.fixture(scope="session", params=CASES)
def _served(request: pytest.FixtureRequest) -> Iterator[Case]:
    case = CASES[request.param]()
    with case.served():
        yield case


@pytest.fixture
def case(_served: Case) -> Case:
    """A writer and a destination that has never heard of us."""
    _served.begin()
    _served.wire.expect(None)
    _served.pauses.clear()
    return _served

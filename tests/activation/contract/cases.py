"""Every writer that the contract suite holds for: one more is one more line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from activation.writers.base import (
    Repeating,
)
from tests.activation.contract.case import (
    Case,
    LimitedCase,
    VendorCase,
)
from tests.activation.contract.email_case import EmailCase
from tests.activation.contract.hubspot_case import HubSpotCase
from tests.activation.contract.memory_case import MemoryCase
from tests.activation.contract.slack_case import ComposedSlackCase, SlackCase

LIMITED: Mapping[str, Callable[[], LimitedCase]] = {
    "hubspot_companies": partial(HubSpotCase, "company", "cs_stage", "city"),
    "hubspot_contacts": partial(HubSpotCase, "contact", "country", "lastname"),
    "slack": SlackCase,
}
"""Those whose vendor has a quota."""
VENDORS: Mapping[str, Callable[[], VendorCase]] = {**LIMITED, "email": EmailCase}
CASES: Mapping[str, Callable[[], Case]] = {
    "memory": partial(MemoryCase, Repeating.READ_BACK),
    "memory_that_counts_once": partial(MemoryCase, Repeating.HARMLESS),
    "memory_that_cannot_be_asked": partial(MemoryCase, Repeating.ASK),
    **VENDORS,
    "slack_composed": ComposedSlackCase,
}

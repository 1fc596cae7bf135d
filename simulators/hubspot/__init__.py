"""A local HubSpot: companies, contacts, deals, properties and owners, with state."""

from simulators.hubspot.app import DEFAULT_TOKEN, HubspotSimulator
from simulators.hubspot.limits import RateLimits
from simulators.hubspot.owners import Owner
from simulators.hubspot.persistence import StateFileError, load_state, save_state
from simulators.hubspot.properties import InvalidValuesError, PropertyDefinition, PropertyOption
from simulators.hubspot.records import ObjectRecord
from simulators.hubspot.state import HubspotState

__all__ = [
    "DEFAULT_TOKEN",
    "HubspotSimulator",
    "HubspotState",
    "InvalidValuesError",
    "ObjectRecord",
    "Owner",
    "PropertyDefinition",
    "PropertyOption",
    "RateLimits",
    "StateFileError",
    "load_state",
    "save_state",
]

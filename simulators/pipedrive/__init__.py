"""A local Pipedrive: deals with their flows, pipelines, stages, users and organizations."""

from simulators.pipedrive.app import DAILY_POLICY, DEFAULT_TOKEN, PipedriveSimulator
from simulators.pipedrive.limits import RateLimits, token_cost
from simulators.pipedrive.persistence import StateFileError, load_state, save_state
from simulators.pipedrive.records import CustomField, Deal, DealStatus, FlowItem
from simulators.pipedrive.state import Account, PipedriveState

__all__ = [
    "DAILY_POLICY",
    "DEFAULT_TOKEN",
    "Account",
    "CustomField",
    "Deal",
    "DealStatus",
    "FlowItem",
    "PipedriveSimulator",
    "PipedriveState",
    "RateLimits",
    "StateFileError",
    "load_state",
    "save_state",
    "token_cost",
]

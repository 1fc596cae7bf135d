"""A local Yobi: tenants, locations and what they do each day, behind a login."""

from simulators.yobi.app import DEFAULT_EMAIL, DEFAULT_PASSWORD, YobiSimulator
from simulators.yobi.habits import Habits, ListShape
from simulators.yobi.state import DailyFigures, Location, Metric, Tenant, YobiState

__all__ = [
    "DEFAULT_EMAIL",
    "DEFAULT_PASSWORD",
    "DailyFigures",
    "Habits",
    "ListShape",
    "Location",
    "Metric",
    "Tenant",
    "YobiSimulator",
    "YobiState",
]

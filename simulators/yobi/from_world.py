"""The local Yobi of an invented world."""

from __future__ import annotations

from simulators.clock import Clock
from simulators.world import World
from simulators.world.tenants import ZONE
from simulators.yobi.state import DailyFigures, Location, Tenant, YobiState


def yobi_of(world: World, *, clock: Clock | None = None) -> YobiState:
    """What Yobi knows of a world, at the world's end unless the clock says otherwise."""
    known = world.yobi
    return YobiState(
        (
            Tenant(each.tenant_id, each.name, domain=each.domain, website=each.website)
            for each in known.tenants
        ),
        (Location(each.location_id, each.tenant_id, each.name) for each in known.locations),
        (
            DailyFigures(
                tenant_id=each.tenant_id,
                location_id=each.location_id,
                day=each.day,
                user_email=each.user_email,
                calls=each.calls,
                tasks=each.tasks,
                appointments=each.appointments,
                new_patients=each.new_patients,
            )
            for each in known.days
        ),
        zone=ZONE,
        clock=clock or (lambda: world.ended_at),
    )

"""The Pipedrive account of a world: what its sales people have done up to an instant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from simulators.clock import Clock
from simulators.pipedrive.state import PipedriveState
from simulators.world import DealDeed, DealStep, PipedriveDeal, PipedriveOrganization, World


def account_of(world: World, *, clock: Clock, until: datetime | None = None) -> PipedriveState:
    """An account in which everything has happened that the world tells of.

    Args:
        world: whose sales people they are.
        clock: of the account from then on.
        until: nothing later has happened, and no stage is removed yet; None is the world's end.
    """
    state = PipedriveState(clock=clock)
    began = world.started_at
    for pipeline in world.pipedrive_pipelines:
        state.add_pipeline(pipeline.name, pipeline_id=pipeline.pipeline_id, at=began)
    for stage in world.pipedrive_stages:
        state.add_stage(stage.pipeline_id, stage.name, stage_id=stage.stage_id, at=began)
    for user in world.pipedrive_users:
        state.add_user(
            user.name, user.email, user_id=user.user_id, is_active=user.is_active, at=began
        )
    live(state, world, until=until)
    if until is None:
        for stage in world.pipedrive_stages:
            if stage.is_removed:
                state.remove_stage(stage.stage_id)
    return state


def live(
    state: PipedriveState,
    world: World,
    *,
    after: datetime | None = None,
    until: datetime | None = None,
) -> None:
    """Let happen what happens after one instant and up to, including, another.

    In the order of time, as people would do it, so that the ids of flow items ascend with it.
    """
    for happening in sorted(_happenings(state, world), key=lambda one: (one.at, one.place)):
        if (after is None or happening.at > after) and (until is None or happening.at <= until):
            happening.do()


@dataclass(frozen=True, slots=True)
class _Happening:
    at: datetime
    place: tuple[int, ...]
    """In the order of what happens in one second."""
    do: Callable[[], object]


def _happenings(state: PipedriveState, world: World) -> Iterator[_Happening]:
    for one in world.pipedrive_organizations:
        yield _Happening(one.added_at, (0, one.organization_id), partial(_meet, state, one))
    for deal in world.pipedrive_deals:
        yield _Happening(deal.added_at, (1, deal.deal_id), partial(_open, state, deal))
        for place, step in enumerate(deal.steps):
            yield _Happening(
                step.at, (2, deal.deal_id, place), partial(_do, state, deal.deal_id, step)
            )


def _meet(state: PipedriveState, organization: PipedriveOrganization) -> None:
    state.add_organization(
        organization.name,
        organization.owner_id,
        organization_id=organization.organization_id,
        website=organization.website,
        at=organization.added_at,
    )


def _open(state: PipedriveState, deal: PipedriveDeal) -> None:
    state.add_deal(
        deal.title,
        deal.first_stage_id,
        deal.owner_id,
        deal_id=deal.deal_id,
        org_id=deal.organization_id,
        value=deal.value,
        at=deal.added_at,
    )


def _do(state: PipedriveState, deal_id: int, step: DealStep) -> None:
    match step.deed:
        case DealDeed.MOVE if step.stage_id is not None:
            state.move(deal_id, step.stage_id, at=step.at)
        case DealDeed.WIN:
            state.win(deal_id, at=step.at)
        case DealDeed.LOSE:
            state.lose(deal_id, at=step.at)
        case DealDeed.REOPEN:
            state.reopen(deal_id, at=step.at)
        case DealDeed.ARCHIVE:
            state.archive(deal_id, at=step.at)
        case DealDeed.DELETE:
            state.delete(deal_id, at=step.at)
        case _:
            raise ValueError(f"A {step.deed} of deal {deal_id} does not say where to.")

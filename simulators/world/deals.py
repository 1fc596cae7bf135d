"""What Pipedrive knows of the world: who sells, the pipelines, organizations and deals.

A deal is its story: the stages that it goes through, each with the time that it stands there, and
an end. Every story of `_STORIES` is told of one of the first deals; the others draw theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

from simulators.world.calendar import LAST_MOMENT, ago
from simulators.world.model import (
    Company,
    CompanyKind,
    DealDeed,
    DealStep,
    PipedriveDeal,
    PipedriveOrganization,
    PipedrivePipeline,
    PipedriveStage,
    PipedriveUser,
)
from simulators.world.naming import draw_person
from simulators.world.streams import random_stream

SALES, FULFILMENT, COUNTER = 1, 2, 3
"""Pipelines: orders are won in the first and made in the second; the third is for small ones."""

_STAGE_NAMES = {
    SALES: (
        "Lead generated",
        "RFQ received",
        "Quote in preparation",
        "Quote sent",
        "Negotiation",
        "Order received",
        "Order confirmed",
    ),
    FULFILMENT: (
        "Supplier order placed",
        "Goods received",
        "Manufacturing started",
        "Manufacturing completed",
        "Delivery scheduled",
        "Delivered",
        "Invoice sent",
        "Payment received",
    ),
    COUNTER: ("Enquiry", "Order taken", "Made", "Paid"),
}
LEAD, RFQ, PREPARING, QUOTED, NEGOTIATION, ORDERED, CONFIRMED = range(11, 18)
PLACED, RECEIVED, STARTED, COMPLETED, SCHEDULED, DELIVERED, INVOICED, PAID = range(21, 29)
ENQUIRY, COUNTER_ORDER, COUNTER_MADE, COUNTER_PAID = range(31, 35)
REMOVED_STAGES = frozenset({NEGOTIATION})
"""Stages that deals have gone through and that are no longer there at the end."""

_SELLERS = 4
_SHARE_WITH_A_DEAL = 0.45
_SHARE_WITH_A_SECOND = 0.2
_KINDS_WITHOUT_DEALS = {CompanyKind.UNFINISHED, CompanyKind.TEST}
_FIRST_USER, _FIRST_ORGANIZATION, _FIRST_DEAL = 501, 3001, 9001

Path = list[int]
"""The stages that a deal enters, in their order."""
Story = Callable[["_Telling"], None]


def pipelines() -> tuple[PipedrivePipeline, ...]:
    """The pipelines, with the ids that stages name."""
    names = {SALES: "Sales", FULFILMENT: "Fulfilment", COUNTER: "Counter sales"}
    return tuple(PipedrivePipeline(id_, name) for id_, name in names.items())


def stages() -> tuple[PipedriveStage, ...]:
    """The stages of all pipelines, those that were removed included."""
    return tuple(
        PipedriveStage(
            stage_id=10 * pipeline_id + place,
            pipeline_id=pipeline_id,
            name=name,
            is_removed=10 * pipeline_id + place in REMOVED_STAGES,
        )
        for pipeline_id, names in _STAGE_NAMES.items()
        for place, name in enumerate(names, start=1)
    )


def users(seed: int) -> tuple[PipedriveUser, ...]:
    """The sales people; the last one has left."""
    stream = random_stream(seed, "sales people")
    found = []
    for place in range(_SELLERS):
        first_name, last_name = draw_person(stream)
        found.append(
            PipedriveUser(
                user_id=_FIRST_USER + place,
                name=f"{first_name} {last_name}",
                email=f"{first_name}.{last_name}{place}@sales.example.com".lower(),
                is_active=place < _SELLERS - 1,
            )
        )
    return tuple(found)


def organizations(seed: int, companies: Iterable[Company]) -> Iterator[PipedriveOrganization]:
    """The companies that sales people deal with, as they call them.

    Most have a web site, by which a company is known again; a few have their name alone, and that
    not always as the company writes it.
    """
    number = 0
    for company in companies:
        if company.kind in _KINDS_WITHOUT_DEALS:
            continue
        stream = random_stream(seed, "organization", company.company_id)
        if stream.random() >= _SHARE_WITH_A_DEAL:
            continue
        has_website = stream.random() < 0.85
        name = company.name if stream.random() < 0.9 else f"{company.name} Pty Ltd"
        yield PipedriveOrganization(
            organization_id=_FIRST_ORGANIZATION + number,
            company_id=company.company_id,
            name=name,
            website=f"https://www.{company.domain}" if has_website else None,
            owner_id=_FIRST_USER + stream.randrange(_SELLERS),
            added_at=max(
                company.first_seen_at - timedelta(hours=stream.randrange(1, 30)), ago(days=119)
            ),
        )
        number += 1


def deals(seed: int, organizations: Iterable[PipedriveOrganization]) -> Iterator[PipedriveDeal]:
    """One or two deals of every organization, in the order of their ids."""
    number = 0
    for organization in sorted(organizations, key=lambda one: one.added_at):
        stream = random_stream(seed, "deals", str(organization.organization_id))
        for _ in range(2 if stream.random() < _SHARE_WITH_A_SECOND else 1):
            story = (
                _EVERY_STORY[number]
                if number < len(_EVERY_STORY)
                else stream.choices(_EVERY_STORY, [_STORIES[each] for each in _EVERY_STORY])[0]
            )
            telling = _Telling(
                stream, organization.added_at + timedelta(minutes=stream.randrange(600))
            )
            story(telling)
            yield PipedriveDeal(
                deal_id=_FIRST_DEAL + number,
                organization_id=organization.organization_id,
                owner_id=organization.owner_id,
                title=f"{organization.name} deal",
                value=stream.randrange(5, 400) * 100,
                story=story.__name__.strip("_"),
                added_at=telling.added_at,
                first_stage_id=telling.first_stage_id,
                steps=tuple(telling.steps),
            )
            number += 1


class _Telling:
    """Writes down what happens to one deal; nothing happens after the world's last moment."""

    def __init__(self, stream: Random, added_at: datetime) -> None:
        self.stream = stream
        self.added_at = min(added_at, LAST_MOMENT)
        self.first_stage_id = LEAD
        self.steps: list[DealStep] = []
        self._now = self.added_at

    def begin(self, stage_id: int) -> None:
        """Open the deal in this stage."""
        self.first_stage_id = stage_id

    def go(self, *path: int, slowest: float = 4) -> None:
        """Enter stages one after the other, with up to `slowest` days in between."""
        for stage_id in path:
            self.wait(slowest)
            self._do(DealDeed.MOVE, stage_id)

    def go_at_once(self, *path: int) -> None:
        """Enter stages in the very second of what happened last."""
        for stage_id in path:
            self._do(DealDeed.MOVE, stage_id)

    def end(self, deed: DealDeed, *, within: float = 1) -> None:
        """Close, open, archive or delete the deal, some time later."""
        self.wait(within)
        self._do(deed)

    def wait(self, days: float) -> None:
        """Let up to so many days go by."""
        self._now += timedelta(seconds=int(self.stream.uniform(0.02, 1) * days * 86_400))

    def _do(self, deed: DealDeed, stage_id: int | None = None) -> None:
        if self._now <= LAST_MOMENT:
            self.steps.append(DealStep(self._now, deed, stage_id))


def _straight(deal: _Telling) -> None:
    deal.go(RFQ, PREPARING, QUOTED, ORDERED, CONFIRMED)
    deal.go(PLACED, RECEIVED, STARTED, COMPLETED, SCHEDULED, DELIVERED, INVOICED, PAID)
    deal.end(DealDeed.WIN)


def _skips_stages(deal: _Telling) -> None:
    deal.go(QUOTED, ORDERED, PLACED, STARTED, COMPLETED, INVOICED, PAID)
    deal.end(DealDeed.WIN)


def _goes_back(deal: _Telling) -> None:
    deal.go(RFQ, PREPARING, QUOTED, PREPARING, QUOTED, ORDERED, CONFIRMED)
    deal.go(PLACED, STARTED, COMPLETED, STARTED, COMPLETED, SCHEDULED, DELIVERED, INVOICED, PAID)
    deal.end(DealDeed.WIN)


def _two_stages_in_one_second(deal: _Telling) -> None:
    deal.go(RFQ)
    deal.go_at_once(PREPARING, QUOTED)
    deal.go(ORDERED)
    deal.go_at_once(CONFIRMED)
    deal.go(PLACED, RECEIVED, STARTED, COMPLETED, SCHEDULED, DELIVERED, INVOICED)
    deal.go_at_once(PAID)
    deal.end(DealDeed.WIN)


def _through_a_stage_that_is_no_more(deal: _Telling) -> None:
    deal.go(RFQ, QUOTED, NEGOTIATION, ORDERED, CONFIRMED, slowest=2)
    deal.go(PLACED, STARTED, COMPLETED, SCHEDULED, INVOICED, PAID)
    deal.end(DealDeed.WIN)


def _lost(deal: _Telling) -> None:
    path: Path = [RFQ, PREPARING, QUOTED, ORDERED]
    deal.go(*path[: deal.stream.randrange(1, len(path) + 1)])
    deal.end(DealDeed.LOSE, within=10)


def _lost_and_opened_again(deal: _Telling) -> None:
    deal.go(RFQ, QUOTED)
    deal.end(DealDeed.LOSE)
    deal.end(DealDeed.REOPEN, within=9)
    deal.go(PREPARING, QUOTED, ORDERED, PLACED, STARTED, COMPLETED, SCHEDULED, INVOICED, PAID)
    deal.end(DealDeed.WIN)


def _opened_again_and_still_open(deal: _Telling) -> None:
    deal.go(RFQ, PREPARING, QUOTED)
    deal.end(DealDeed.LOSE)
    deal.end(DealDeed.REOPEN, within=20)


def _still_open(deal: _Telling) -> None:
    path: Path = [RFQ, PREPARING, QUOTED, ORDERED, CONFIRMED, PLACED, STARTED]
    deal.go(*path[: deal.stream.randrange(len(path) + 1)], slowest=12)


def _over_the_counter(deal: _Telling) -> None:
    deal.begin(ENQUIRY)
    deal.go(COUNTER_ORDER, COUNTER_MADE, COUNTER_PAID, slowest=2)
    deal.end(DealDeed.WIN)


def _too_large_for_the_counter(deal: _Telling) -> None:
    deal.begin(ENQUIRY)
    deal.go(PREPARING, QUOTED, ORDERED, CONFIRMED)
    deal.go(PLACED, RECEIVED, STARTED, COMPLETED, SCHEDULED, DELIVERED, INVOICED, PAID)
    deal.end(DealDeed.WIN)


def _moved_after_it_was_won(deal: _Telling) -> None:
    deal.go(RFQ, QUOTED, ORDERED)
    deal.end(DealDeed.WIN)
    deal.go(PLACED, STARTED, COMPLETED, SCHEDULED, INVOICED, PAID)


def _won_and_archived(deal: _Telling) -> None:
    _straight(deal)
    deal.end(DealDeed.ARCHIVE, within=5)


def _lost_and_archived(deal: _Telling) -> None:
    _lost(deal)
    deal.end(DealDeed.ARCHIVE, within=5)


def _deleted(deal: _Telling) -> None:
    deal.go(RFQ, PREPARING)
    deal.end(DealDeed.DELETE, within=30)


_STORIES: dict[Story, float] = {
    _straight: 8,
    _skips_stages: 4,
    _goes_back: 3,
    _two_stages_in_one_second: 2,
    _through_a_stage_that_is_no_more: 2,
    _lost: 6,
    _lost_and_opened_again: 2,
    _opened_again_and_still_open: 1,
    _still_open: 8,
    _over_the_counter: 4,
    _too_large_for_the_counter: 2,
    _moved_after_it_was_won: 1,
    _won_and_archived: 2,
    _lost_and_archived: 1,
    _deleted: 1,
}
"""How common each story is among the deals that draw theirs."""
_EVERY_STORY = tuple(_STORIES)

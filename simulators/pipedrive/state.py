"""Everything a Pipedrive account holds, in memory, and what people do to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from simulators.clock import Clock
from simulators.pipedrive.records import (
    CustomField,
    CustomValue,
    Deal,
    DealStatus,
    FlowItem,
    Organization,
    Person,
    Pipeline,
    Stage,
    User,
)
from simulators.pipedrive.timestamps import format_v1, to_second, utc_now

RECYCLE_BIN = timedelta(days=30)
"""How long a deleted deal can still be read."""

_Record = TypeVar("_Record", Pipeline, Stage, User, Organization, Person, Deal)


@dataclass
class Account:
    """The records of an account, by id."""

    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    stages: dict[int, Stage] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    organizations: dict[int, Organization] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)
    deals: dict[int, Deal] = field(default_factory=dict)
    deal_fields: list[CustomField] = field(default_factory=list)
    organization_fields: list[CustomField] = field(default_factory=list)
    last_flow_item_id: int = 0


class PipedriveState:
    """One account, and the deeds that change it.

    Every deed is done at the account's time, or at the instant that it is given, and leaves the
    flow items that Pipedrive writes: one per field that changed. Methods may be called while a
    simulator serves the state from another thread. Take `lock` around several calls that belong
    together.
    """

    def __init__(self, account: Account | None = None, *, clock: Clock = utc_now) -> None:
        """Hold `account`, or a new one in which there is nothing."""
        self.lock = threading.RLock()
        self.account = account or Account()
        self._clock = clock

    def now(self) -> datetime:
        """The account's clock, in UTC and to the second."""
        return to_second(self._clock())

    # What there is

    def add_pipeline(
        self, name: str, *, pipeline_id: int | None = None, at: datetime | None = None
    ) -> Pipeline:
        """Make a pipeline without stages."""
        with self.lock:
            made_at = self._at(at)
            return _insert(
                self.account.pipelines,
                pipeline_id,
                lambda id_: Pipeline(id_, name, len(self.account.pipelines), made_at, made_at),
            )

    def add_stage(
        self,
        pipeline_id: int,
        name: str,
        *,
        stage_id: int | None = None,
        at: datetime | None = None,
    ) -> Stage:
        """Make a stage at the end of a pipeline.

        Raises:
            KeyError: when there is no such pipeline.
        """
        with self.lock:
            made_at = self._at(at)
            pipeline = self.account.pipelines[pipeline_id]
            place = sum(stage.pipeline_id == pipeline.id for stage in self.account.stages.values())
            return _insert(
                self.account.stages,
                stage_id,
                lambda id_: Stage(id_, pipeline.id, name, place, made_at, made_at),
            )

    def remove_stage(self, stage_id: int) -> None:
        """Take a stage out for good: no list names it any more, and flows still do.

        Raises:
            KeyError: when there is no such stage.
            ValueError: when a deal stands in it.
        """
        with self.lock:
            if any(deal.stage_id == stage_id for deal in self.account.deals.values()):
                raise ValueError(f"A deal stands in stage {stage_id}: move it first.")
            del self.account.stages[stage_id]

    def add_user(
        self,
        name: str,
        email: str,
        *,
        user_id: int | None = None,
        is_active: bool = True,
        at: datetime | None = None,
    ) -> User:
        """Let someone in."""
        with self.lock:
            made_at = self._at(at)
            return _insert(
                self.account.users,
                user_id,
                lambda id_: User(id_, name, email, made_at, made_at, is_active),
            )

    def add_organization(
        self,
        name: str,
        owner_id: int,
        *,
        organization_id: int | None = None,
        website: str | None = None,
        custom_fields: Mapping[str, CustomValue] | None = None,
        at: datetime | None = None,
    ) -> Organization:
        """Make an organization."""
        with self.lock:
            made_at = self._at(at)
            return _insert(
                self.account.organizations,
                organization_id,
                lambda id_: Organization(
                    id_,
                    name,
                    owner_id,
                    made_at,
                    made_at,
                    website,
                    custom_fields=dict(custom_fields or {}),
                ),
            )

    def rename_organization(self, organization_id: int, name: str) -> None:
        """Call an organization something else.

        Raises:
            KeyError: when there is no such organization.
        """
        with self.lock:
            organization = self.account.organizations[organization_id]
            organization.name = name
            organization.update_time = self.now()

    def delete_organization(self, organization_id: int) -> None:
        """Delete an organization: lists leave it out from then on.

        Raises:
            KeyError: when there is no such organization.
        """
        with self.lock:
            organization = self.account.organizations[organization_id]
            organization.is_deleted = True
            organization.update_time = self.now()

    def add_person(
        self,
        name: str,
        owner_id: int,
        *,
        person_id: int | None = None,
        org_id: int | None = None,
        email: str | None = None,
        at: datetime | None = None,
    ) -> Person:
        """Make a person."""
        with self.lock:
            made_at = self._at(at)
            return _insert(
                self.account.persons,
                person_id,
                lambda id_: Person(id_, name, owner_id, made_at, made_at, org_id, email),
            )

    def add_deal(
        self,
        title: str,
        stage_id: int,
        owner_id: int,
        *,
        deal_id: int | None = None,
        org_id: int | None = None,
        value: float = 0,
        custom_fields: Mapping[str, CustomValue] | None = None,
        at: datetime | None = None,
    ) -> Deal:
        """Open a deal in a stage.

        Its flow begins with a change of `add_time`; in which stage it began, the flow does not say.

        Raises:
            KeyError: when there is no such stage.
        """
        with self.lock:
            made_at = self._at(at)
            stage = self.account.stages[stage_id]
            deal = _insert(
                self.account.deals,
                deal_id,
                lambda id_: Deal(
                    id_,
                    title,
                    owner_id,
                    stage.pipeline_id,
                    stage.id,
                    made_at,
                    made_at,
                    org_id,
                    value=value,
                    custom_fields=dict(custom_fields or {}),
                ),
            )
            self._note(deal, made_at, "add_time", None, format_v1(made_at))
            return deal

    def deal(self, deal_id: int) -> Deal:
        """The deal as it is, live: later deeds show in it.

        Raises:
            KeyError: when there is none.
        """
        with self.lock:
            return self.account.deals[deal_id]

    # What people do to deals. All of these raise KeyError when there is no such deal or stage.

    def move(self, deal_id: int, stage_id: int, *, at: datetime | None = None) -> None:
        """Put a deal into another stage, with its pipeline when that is another one too."""
        with self.lock:
            deal, stage, moved_at = self.deal(deal_id), self.account.stages[stage_id], self._at(at)
            if stage.pipeline_id != deal.pipeline_id:
                self._change(deal, moved_at, "pipeline_id", deal.pipeline_id, stage.pipeline_id)
                deal.pipeline_id = stage.pipeline_id
            if stage.id != deal.stage_id:
                self._change(deal, moved_at, "stage_id", deal.stage_id, stage.id)
                deal.stage_id = stage.id
                deal.stage_change_time = moved_at

    def win(self, deal_id: int, *, at: datetime | None = None) -> None:
        """Close a deal as won."""
        with self.lock:
            deal, closed_at = self.deal(deal_id), self._at(at)
            self._change(deal, closed_at, "status", deal.status, DealStatus.WON)
            self._change(deal, closed_at, "won_time", None, format_v1(closed_at))
            deal.status = DealStatus.WON
            deal.won_time = deal.close_time = closed_at
            deal.lost_time = deal.lost_reason = None

    def lose(self, deal_id: int, reason: str | None = None, *, at: datetime | None = None) -> None:
        """Close a deal as lost."""
        with self.lock:
            deal, closed_at = self.deal(deal_id), self._at(at)
            self._change(deal, closed_at, "status", deal.status, DealStatus.LOST)
            self._change(deal, closed_at, "lost_time", None, format_v1(closed_at))
            deal.status = DealStatus.LOST
            deal.lost_time = deal.close_time = closed_at
            deal.lost_reason = reason
            deal.won_time = None

    def reopen(self, deal_id: int, *, at: datetime | None = None) -> None:
        """Open a closed deal again, in the stage in which it stands."""
        with self.lock:
            deal, opened_at = self.deal(deal_id), self._at(at)
            self._change(deal, opened_at, "status", deal.status, DealStatus.OPEN)
            deal.status = DealStatus.OPEN
            deal.close_time = deal.won_time = deal.lost_time = deal.lost_reason = None

    def set_value(self, deal_id: int, value: float, *, at: datetime | None = None) -> None:
        """Change what a deal is worth."""
        with self.lock:
            deal = self.deal(deal_id)
            self._change(deal, self._at(at), "value", deal.value, value)
            deal.value = value

    def write_note(self, deal_id: int, *, at: datetime | None = None) -> None:
        """Write a note on a deal: it comes into the flow, and the deal counts as changed."""
        with self.lock:
            deal, noted_at = self.deal(deal_id), self._at(at)
            deal.update_time = max(deal.update_time, noted_at)
            self._add_to_flow(deal, noted_at, "note")

    def archive(self, deal_id: int, *, at: datetime | None = None) -> None:
        """Put a deal into the archive. The time of its last change stays as it is.

        What Pipedrive does to that time is not documented; so it is what is harder for a reader.
        """
        with self.lock:
            deal = self.deal(deal_id)
            self._note(deal, self._at(at), "is_archived", "0", "1")
            deal.is_archived = True

    def unarchive(self, deal_id: int, *, at: datetime | None = None) -> None:
        """Take a deal out of the archive. The time of its last change stays as it is."""
        with self.lock:
            deal = self.deal(deal_id)
            self._note(deal, self._at(at), "is_archived", "1", "0")
            deal.is_archived = False

    def delete(self, deal_id: int, *, at: datetime | None = None) -> None:
        """Delete a deal: it can be read as deleted for 30 days, and then not at all."""
        with self.lock:
            deal, deleted_at = self.deal(deal_id), self._at(at)
            self._change(deal, deleted_at, "status", deal.status, DealStatus.DELETED)
            deal.deleted_at = deleted_at

    def restore(self, deal_id: int, *, at: datetime | None = None) -> None:
        """Take a deal out of the recycle bin."""
        with self.lock:
            deal, restored_at = self.deal(deal_id), self._at(at)
            self._change(deal, restored_at, "status", DealStatus.DELETED, deal.status)
            deal.deleted_at = None

    def merge(self, deal_id: int, into: int, *, at: datetime | None = None) -> None:
        """Merge a deal into another one: the first is deleted, the second counts as changed."""
        with self.lock:
            merged, kept, merged_at = self.deal(deal_id), self.deal(into), self._at(at)
            self._change(kept, merged_at, "value", kept.value, max(kept.value, merged.value))
            kept.value = max(kept.value, merged.value)
            self.delete(deal_id, at=merged_at)

    def purge(self, deal_id: int) -> None:
        """Let nothing be known of a deal any more."""
        with self.lock:
            del self.account.deals[deal_id]

    def change(self, table: str, record_id: int, values: Mapping[str, object]) -> None:
        """Change a deal's `stage_id` or `value`, or an organization's `name`.

        Raises:
            KeyError: when there is no such table, record or field.
        """
        deeds: dict[tuple[str, str], Callable[[object], None]] = {
            ("deals", "stage_id"): lambda value: self.move(record_id, int(str(value))),
            ("deals", "value"): lambda value: self.set_value(record_id, float(str(value))),
            ("organizations", "name"): lambda value: self.rename_organization(
                record_id, str(value)
            ),
        }
        for name, value in values.items():
            deeds[table, name](value)

    # What can be read

    def readable_deal(self, deal_id: int) -> Deal | None:
        """The deal, unless there is none or it was deleted too long ago."""
        deal = self.account.deals.get(deal_id)
        return deal if deal is not None and self.is_readable(deal) else None

    def is_readable(self, deal: Deal) -> bool:
        """Whether a deal is there at all, be it in the recycle bin."""
        return deal.deleted_at is None or self.now() - deal.deleted_at <= RECYCLE_BIN

    def _at(self, at: datetime | None) -> datetime:
        return self.now() if at is None else to_second(at)

    def _change(self, deal: Deal, at: datetime, key: str, old: object, new: object) -> None:
        deal.update_time = max(deal.update_time, at)
        self._note(deal, at, key, _text(old), _text(new))

    def _note(self, deal: Deal, at: datetime, key: str, old: str | None, new: str | None) -> None:
        self._add_to_flow(deal, at, "dealChange", key=key, old=old, new=new)

    def _add_to_flow(
        self,
        deal: Deal,
        at: datetime,
        kind: str,
        *,
        key: str = "",
        old: str | None = None,
        new: str | None = None,
    ) -> None:
        self.account.last_flow_item_id += 1
        deal.flow.append(
            FlowItem(
                self.account.last_flow_item_id, deal.id, kind, at, deal.owner_id, key, old, new
            )
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _insert(
    records: dict[int, _Record], wanted_id: int | None, make: Callable[[int], _Record]
) -> _Record:
    """Make a record under an id.

    Raises:
        ValueError: when the id is taken.
    """
    id_ = max(records, default=0) + 1 if wanted_id is None else wanted_id
    if id_ in records:
        raise ValueError(f"There is a record {id_} already.")
    record = make(id_)
    records[id_] = record
    return record

"""Flows of deals into `raw_pipedrive.deal_flow`: one deal after the other, each in a transaction.

Which flows are to be read stands in `raw_pipedrive.deal_flow_reads`: a load of deals puts those
there that have changed. A flow that cannot be read stays there, with the reason, and keeps no other
from being read; a run that dies, or that has no tokens left, has lost nothing but the flow that it
was at. What has landed never changes: an item that says something else than before is put beside it
(spec/flow.md, Facts).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from ingestion.api.contract import RecordChangedError
from ingestion.api.errors import Vendor
from ingestion.api.session import RequestMeter, session_through
from ingestion.api.summary import TableLoad
from ingestion.ledger import Load, record
from ingestion.pipedrive.errors import (
    PipedriveError,
    TokensSpentError,
    day_is_spent,
    is_limit_of_the_moment,
)
from ingestion.pipedrive.limits import PAGE_SIZE, TokenBudget
from ingestion.pipedrive.objects import DEAL_FLOW, flow_path
from ingestion.pipedrive.paging import next_start
from ingestion.pipedrive.records import FlowChange, as_text, read_change

_PATIENCE = 3
"""After so many flows in a row to which Pipedrive gave no answer, the others are not asked for; and
after so many pages in a row that are those before, a flow is given up."""

OnFlow = Callable[[int, int], None]
"""Told after every flow how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class SentChange:
    """A change as it came."""

    change: FlowChange
    sent: dict[str, Any]
    """The whole `data` of its item."""

    @property
    def content(self) -> tuple[str, str | None, str | None, datetime]:
        """What may never become something else."""
        old, new = self.change.old_value, self.change.new_value
        return (
            self.change.field_key,
            None if old is None else as_text(old),
            None if new is None else as_text(new),
            self.change.log_time,
        )

    @property
    def content_hash(self) -> str:
        """Of what may never become something else."""
        text = json.dumps([str(part) if part is not None else None for part in self.content])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class FlowsRead:
    """What reading flows has done: `read = landed + known + contradicting`."""

    wanted: int
    """Flows that were to be read."""
    calls: int = 0
    done: int = 0
    """Flows that were read, or whose deals are no more."""
    read: int = 0
    """Changes that came."""
    landed: int = 0
    """Changes that are new."""
    contradicting: int = 0
    """Changes that say something else than before, and were put aside."""
    failures: dict[str, str] = field(default_factory=dict)
    """Why a flow could not be read, by deal."""
    goes_on_at: datetime | None = None
    """When there are tokens again, if it ended because there were none."""

    @property
    def known(self) -> int:
        """Changes that said what was known already."""
        return self.read - self.landed - self.contradicting

    @property
    def waiting(self) -> int:
        """Flows that were not come to."""
        return self.wanted - self.done - len(self.failures)

    def table_load(self) -> TableLoad:
        """As one of the tables of a load."""
        return TableLoad(
            table="deal_flow",
            read=self.read,
            landed=self.landed,
            known=self.known,
            incomplete=self.contradicting,
            gone=0,
            calls=self.calls,
        )

    def sentences(self) -> Iterator[str]:
        """What somebody has to know of, if anything."""
        if self.goes_on_at is not None:
            yield (
                f"{self.waiting:,} of {self.wanted:,} flows of deals wait for API tokens of "
                f"Pipedrive: they are read by the next load after "
                f"{self.goes_on_at:%Y-%m-%d %H:%M} UTC (PIPEDRIVE_DAILY_TOKENS and "
                "PIPEDRIVE_TOKEN_SHARE say how many may be used)."
            )
        if self.failures:
            deal_id, why = next(iter(self.failures.items()))
            yield (
                f"{len(self.failures):,} of {self.wanted:,} flows of deals could not be read and "
                f"will be tried again by the next load; that of deal {deal_id}: {why}"
            )
        if self.contradicting:
            yield (
                f"{self.contradicting:,} changes of deals say something else than they did before; "
                "what was landed stays, and the others are in "
                "raw_pipedrive.deal_flow_contradictions."
            )


class FlowReader:
    """Reads the flows of an account, from its tokens for what comes in bulk."""

    def __init__(self, vendor: Vendor, token: str, budget: TokenBudget, *, in_bulk: bool) -> None:
        """Ask for nothing yet.

        Args:
            vendor: see `errors.pipedrive_at`.
            token: of a user who sees all deals.
            budget: which the requests are paid from.
            in_bulk: whether there may be many, so that only a share of the tokens is theirs.
        """
        self._vendor = vendor
        self._headers = {"x-api-token": token}
        self._budget = budget
        self._meter = RequestMeter(budget.wait_in_bulk if in_bulk else budget.wait)
        self._session = session_through(self._meter, is_limit_of_the_moment=is_limit_of_the_moment)

    @property
    def calls(self) -> int:
        """Requests made, repeated ones included."""
        return self._meter.calls

    def changes(self, deal_id: str) -> list[SentChange] | None:
        """All changes of a deal, in the order in which they came; None when there is no such deal.

        Raises:
            RecordChangedError: when an item is not what the contract says.
            TokensSpentError: when there are no tokens for it.
            requests.RequestException: when Pipedrive refuses, stays silent or answers nonsense.
            PipedriveError: when it answers something else than a flow.
        """
        found: list[SentChange] = []
        start: int | None = 0
        repeated = 0
        while start is not None:
            response = self._session.get(
                f"{self._vendor.base_url}/{flow_path(deal_id)}",
                params={"start": str(start), "limit": str(PAGE_SIZE), "items": "dealChange"},
                headers=self._headers,
            )
            self._budget.hear(response)
            if response.status_code == 429 and not is_limit_of_the_moment(response):
                raise day_is_spent(response)
            if response.status_code == 404:
                return None
            response.raise_for_status()
            body = response.json()
            items = body.get("data", ...) if isinstance(body, dict) else ...
            if not isinstance(items, list | None):
                raise self._vendor.not_understood()
            for item in items or ():
                change = read_change(item)
                if change is not None:
                    found.append(SentChange(change, item["data"]))
            following = next_start(body, start, len(items or ()))
            repeated = repeated + 1 if following is not None and following <= start else 0
            if repeated == _PATIENCE:
                raise self._vendor.not_understood()
            start = following
        return found


def read_flows(
    connection: Connection[TupleRow],
    reader: FlowReader,
    vendor: Vendor,
    deal_ids: Sequence[str],
    on_flow: OnFlow | None = None,
) -> FlowsRead:
    """Read and land flows, in the order given.

    Args:
        connection: in autocommit, with the lock of a load.
        reader: of the account.
        vendor: whose flows they are.
        deal_ids: of deals in `raw_pipedrive.deals`.
        on_flow: told after every flow.

    Raises:
        PipedriveError: when Pipedrive lets nobody in, or does not answer again and again. What was
            read until then has landed.
    """
    outcome = FlowsRead(wanted=len(deal_ids))
    silent = 0
    for deal_id in deal_ids:
        started_at = datetime.now(UTC)
        try:
            changes = reader.changes(deal_id)
        except TokensSpentError as error:
            outcome.goes_on_at = error.goes_on_at
            break
        except RecordChangedError as error:
            why = f"Pipedrive changed what it answers: {error}."
            _remember_failure(connection, deal_id, why)
            outcome.failures[deal_id] = why
        except (requests.RequestException, PipedriveError) as error:
            explained = vendor.explained(error)
            _remember_failure(connection, deal_id, str(explained))
            outcome.failures[deal_id] = str(explained)
            silent += 1
            if _concerns_all(error) or silent == _PATIENCE:
                raise explained from error
        else:
            silent = 0
            with connection.transaction():
                if changes is None:
                    _forget(connection, deal_id)
                else:
                    place = f"{vendor.base_url}/{flow_path(deal_id)}"
                    load = _land(connection, _Flow(deal_id, changes, place, started_at))
                    outcome.read += load.rows_read
                    outcome.landed += load.rows_accepted
                    outcome.contradicting += load.rows_rejected
            outcome.done += 1
        outcome.calls = reader.calls
        if on_flow is not None:
            on_flow(outcome.done + len(outcome.failures), outcome.wanted)
    outcome.calls = reader.calls
    return outcome


def _concerns_all(error: Exception) -> bool:
    """Whether every other flow would be refused, too."""
    return (
        isinstance(error, requests.HTTPError)
        and error.response is not None
        and error.response.status_code in {401, 403, 429}
    )


def _remember_failure(connection: Connection[TupleRow], deal_id: str, why: str) -> None:
    connection.execute(
        """
        insert into raw_pipedrive.deal_flow_reads as reads (deal_id, due_since, failure)
        values (%s, now(), %s)
        on conflict (deal_id) do update
        set due_since = coalesce(reads.due_since, excluded.due_since), failure = excluded.failure
        """,
        [deal_id, why],
    )


def _forget(connection: Connection[TupleRow], deal_id: str) -> None:
    """Nothing can be read of a deal that is no more; what has landed stays."""
    connection.execute(
        "delete from raw_pipedrive.deal_flow_reads where deal_id = %s and read_at is null",
        [deal_id],
    )
    connection.execute(
        "update raw_pipedrive.deal_flow_reads set due_since = null, failure = null "
        "where deal_id = %s",
        [deal_id],
    )


@dataclass(frozen=True, slots=True)
class _Flow:
    """The flow of a deal, read to its end."""

    deal_id: str
    changes: Sequence[SentChange]
    place: str
    """Where it was asked for."""
    started_at: datetime


def _land(connection: Connection[TupleRow], flow: _Flow) -> Load:
    """Land the flow of a deal with its row in the ledger, in the transaction that is open."""
    deal_id = flow.deal_id
    known = {
        item_id: content
        for item_id, *content in connection.execute(
            "select item_id, field_key, old_value, new_value, changed_at "
            "from raw_pipedrive.deal_flow where deal_id = %s",
            [deal_id],
        )
    }
    landed = contradicting = 0
    for one in flow.changes:
        item_id = str(one.change.id)
        content = list(one.content)
        if item_id not in known:
            known[item_id] = content
            landed += 1
            connection.execute(
                "insert into raw_pipedrive.deal_flow values (%s, %s, %s, %s, %s, %s, %s, now())",
                [deal_id, item_id, *content, Jsonb(one.sent)],
            )
        elif known[item_id] != content:
            contradicting += connection.execute(
                "insert into raw_pipedrive.deal_flow_contradictions "
                "values (%s, %s, %s, %s, %s, now()) on conflict do nothing",
                [
                    deal_id,
                    item_id,
                    one.content_hash,
                    "the item has landed with another content",
                    Jsonb(one.sent),
                ],
            ).rowcount
    connection.execute(
        """
        insert into raw_pipedrive.deal_flow_reads (
            deal_id, read_at, read_version, pipeline_id, stage_id
        )
        select id, now(), updated_at, pipeline_id, stage_id
        from raw_pipedrive.deals where id = %s
        on conflict (deal_id) do update set
            due_since = null,
            read_at = excluded.read_at,
            read_version = excluded.read_version,
            pipeline_id = excluded.pipeline_id,
            stage_id = excluded.stage_id,
            failure = null
        """,
        [deal_id],
    )
    load = Load(
        source="pipedrive",
        table_name=DEAL_FLOW,
        place=flow.place,
        rows_read=len(flow.changes),
        rows_accepted=landed,
        rows_rejected=contradicting,
        rows_duplicate=len(flow.changes) - landed - contradicting,
        started_at=flow.started_at,
    )
    record(connection, load)
    return load

"""Pipedrive's limits, and who keeps to them; nowhere else is one written down.

The numbers are those of the vendor's documentation at the time of writing, for its smallest plan.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from functools import cache
from urllib.parse import urlsplit

from psycopg import Connection
from psycopg.rows import TupleRow
from pyrate_limiter import Duration, Limiter, Rate
from requests import PreparedRequest, Response

from ingestion.api.session import Wait
from ingestion.pipedrive.errors import TokensSpentError, answered_at, next_midnight, tokens_left

PAGE_SIZE = 500
"""Records on a page of a list, items on a page of a flow."""
BATCH_SIZE = 100
"""Deals that can be asked for by id at once."""

BURST_RATE = Rate(20, 2 * Duration.SECOND)

_V2_LIST, _V2_SINGLE, _V1_LIST, _V1_SINGLE = 10, 1, 20, 2


def token_cost(request: PreparedRequest) -> int:
    """How many tokens a request costs."""
    path = urlsplit(request.url or "").path
    is_single = path.rsplit("/", 1)[-1].isdigit() or path.endswith("/users/me")
    if "/v2/" in path:
        return _V2_SINGLE if is_single else _V2_LIST
    return _V1_SINGLE if is_single else _V1_LIST


class TokenBudget:
    """The tokens of an account's day, of which flows in bulk may use up only a share.

    What is spent is counted in `raw_pipedrive.tokens_spent` before each request is sent, whoever
    sends it, so that neither a second process nor one that dies spends more. Others spend of the
    same tokens: what Pipedrive says is left counts too. Days are those of UTC, by Pipedrive's clock
    as soon as it has answered.
    """

    def __init__(
        self,
        connection: Connection[TupleRow],
        *,
        account: str,
        daily_tokens: int,
        share: float,
    ) -> None:
        """Count in a database.

        Args:
            connection: in autocommit, and nobody else's.
            account: whatever tells accounts apart; may be secret, only a digest is kept.
            daily_tokens: what the account has in a day.
            share: how much of it flows in bulk may use up, as a part of 1.
        """
        self.spent = 0
        """By this object, so far."""
        self._connection = connection
        self._limiter = _limiter_of(hashlib.sha256(account.encode()).hexdigest())
        self._daily_tokens = daily_tokens
        self._for_bulk = int(daily_tokens * share)
        self._ahead = timedelta(0)
        self._left: int | None = None
        self._left_on: date | None = None

    @property
    def wait(self) -> Wait:
        """For requests that are few: all tokens of the day are theirs."""
        return lambda request: self._spend(request, self._daily_tokens)

    @property
    def wait_in_bulk(self) -> Wait:
        """For requests that may be many: the share is theirs."""
        return lambda request: self._spend(request, self._for_bulk)

    def hear(self, response: Response) -> None:
        """Take in what an answer says of the time and of the tokens that are left."""
        now = answered_at(response)
        self._ahead = now - datetime.now(UTC)
        left = tokens_left(response)
        if left is not None:
            self._left, self._left_on = left, now.date()

    def spent_today(self) -> int:
        """What everybody who counts in this database has spent today."""
        row = self._connection.execute(
            "select tokens from raw_pipedrive.tokens_spent where day = %s", [self.now().date()]
        ).fetchone()
        return int(row[0]) if row else 0

    def left_today(self) -> int:
        """What may still be spent in bulk today, as far as is known."""
        left = self._for_bulk - self.spent_today()
        if self._left is not None and self._left_on == self.now().date():
            left = min(left, self._left)
        return max(left, 0)

    def _spend(self, request: PreparedRequest, most: int) -> None:
        """Count a request, once there is room for it in the burst window.

        Raises:
            TokensSpentError: when there are no tokens for it.
        """
        cost = token_cost(request)
        now = self.now()
        if self._left is not None and self._left_on == now.date():
            if self._left < cost:
                raise TokensSpentError(
                    "Pipedrive's API tokens of today are used up", next_midnight(now)
                )
            self._left -= cost
        if cost > most or not self._count(now.date(), cost, most):
            raise TokensSpentError(
                f"Of today's {self._daily_tokens:,} API tokens of Pipedrive the {most:,} that may "
                "be used for this (PIPEDRIVE_DAILY_TOKENS, PIPEDRIVE_TOKEN_SHARE) are spent",
                next_midnight(now),
            )
        self.spent += cost
        self._limiter.try_acquire("request")

    def _count(self, day: date, cost: int, most: int) -> bool:
        counted = self._connection.execute(
            """
            insert into raw_pipedrive.tokens_spent as spent (day, tokens) values (%s, %s)
            on conflict (day) do update set tokens = spent.tokens + excluded.tokens
            where spent.tokens + excluded.tokens <= %s
            """,
            [day, cost, most],
        )
        return counted.rowcount == 1

    def now(self) -> datetime:
        """The present by Pipedrive's clock, or by ours before it has answered; in UTC."""
        return datetime.now(UTC) + self._ahead


@cache
def _limiter_of(_digest: str) -> Limiter:
    """The burst window of an account, shared by all loads of this process."""
    return Limiter(BURST_RATE)

"""Owners: the users of the account, to whom records can be assigned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """One user."""

    id: str
    """Digits: what `hubspot_owner_id` holds."""
    email: str
    first_name: str = ""
    last_name: str = ""
    user_id: int | None = None
    """Another id of the same person; None is the owner id as a number."""
    is_archived: bool = False
    created_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    updated_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def user(self) -> int:
        """The user id."""
        return int(self.id) if self.user_id is None else self.user_id

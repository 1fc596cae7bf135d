"""Who may ask the local Yobi: one user, and the tokens that it has been given."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4


@dataclass
class Logins:
    """One user's tokens, each good until an instant."""

    email: str
    password: str
    given: dict[str, datetime] = field(default_factory=dict)
    """When each token that was given expires."""

    def log_in(self, email: object, password: object, *, until: datetime) -> str | None:
        """A new token; None for anybody else, or for a wrong password."""
        is_user = hmac.compare_digest(str(email).encode(), self.email.encode())
        is_known = hmac.compare_digest(str(password).encode(), self.password.encode())
        if not (is_user and is_known):
            return None
        token = f"local-yobi-{uuid4()}"
        self.given[token] = until
        return token

    def is_good(self, token: str, now: datetime) -> bool:
        """Whether the token was given and has not expired."""
        expires_at = self.given.get(token)
        return expires_at is not None and now < expires_at

    def revoke_all(self) -> None:
        """Forget every token before its time, as a restart of the vendor would."""
        self.given.clear()


def in_milliseconds(instant: datetime) -> int:
    """Since 1970, as `tokenExpirationInstant` has it."""
    epoch = datetime.fromtimestamp(0, instant.tzinfo)
    return (instant - epoch) // timedelta(milliseconds=1)

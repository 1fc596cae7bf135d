"""What a vendor's refusals and silences mean to the person who set up the load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests

from ingestion.errors import IngestionError


class SourceError(IngestionError):
    """A source could not be read or landed; nothing of this load is in the warehouse."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """Whose API is read, and how its troubles are told."""

    name: str
    """As people write it."""
    base_url: str
    base_url_setting: str
    """The setting that `base_url` came from."""
    error: type[SourceError]
    """Of this source."""
    refusal: Callable[[requests.Response], str | None]
    """What a refusal of this vendor means, in a sentence; None where only its status is known."""

    def not_understood(self) -> SourceError:
        """The error of an answer that is not what this vendor answers."""
        return self.error(
            f"{self.base_url} answered with something else than {self.name}'s records: check "
            f"{self.base_url_setting}, or try again later."
        )

    def explained(self, error: Exception) -> SourceError:
        """The sentence for an error that came up while the source was read or landed.

        Args:
            error: as dlt or the database raised it; what it was raised from is looked at too.
        """
        for cause in causes(error):
            match cause:
                case SourceError():
                    return cause
                case requests.HTTPError(response=requests.Response() as response):
                    return self.error(self.refusal(response) or self._status(response))
                case requests.JSONDecodeError():
                    return self.not_understood()
                case requests.RequestException():
                    return self.error(
                        f"{self.name} does not answer at {self.base_url} "
                        f"({type(cause).__name__}): check the network and "
                        f"{self.base_url_setting}, or try again later."
                    )
        return self.error(
            f"{self.name}'s records could not be landed ({type(list(causes(error))[-1]).__name__}):"
            " run it again with --debug to see where."
        )

    def _status(self, response: requests.Response) -> str:
        status = response.status_code
        if status == 429 or status >= 500:
            return (
                f"{self.name} at {self.base_url} answered {status} again and again: try later, and "
                f"check {self.base_url_setting} if it stays so."
            )
        path = response.request.path_url.partition("?")[0]
        return (
            f"{self.name} at {self.base_url} answered {status} to {path}: check "
            f"{self.base_url_setting}."
        )


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__

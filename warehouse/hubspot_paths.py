"""Where HubSpot's endpoints are: whoever reads or writes HubSpot asks here.

HubSpot has two forms of the same addresses, with the same bodies: numbered ones
(`crm/v3/objects/deals`), and dated ones (`crm/objects/2026-03/deals`), which are to replace them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBERED = "v3"
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class HubspotPaths:
    """The addresses of one version of the API, relative to `HUBSPOT_BASE_URL`, no slash in front.

    Raises:
        ValueError: when there can be no such version.
    """

    version: str = NUMBERED
    """`v3`, or the year and month of a dated one, such as `2026-03`."""

    def __post_init__(self) -> None:
        """See above."""
        if self.version != NUMBERED and not _DATE.fullmatch(self.version):
            raise ValueError(f"must be {NUMBERED}, or a year and a month such as 2026-03")

    @property
    def all_objects(self) -> str:
        """What the addresses of all records begin with."""
        return self._of("objects")

    def objects(self, object_type: str) -> str:
        """The list of records of a type, such as `companies`; searches and batches lie below."""
        return f"{self.all_objects}/{object_type}"

    @property
    def all_properties(self) -> str:
        """What the addresses of all property definitions begin with."""
        return self._of("properties")

    def properties(self, object_type: str) -> str:
        """The properties of records of a type."""
        return f"{self.all_properties}/{object_type}"

    @property
    def owners(self) -> str:
        """The owners."""
        return self._of("owners")

    def associations(self, from_type: str, to_type: str) -> str:
        """Where associations from records of one type to those of another are read."""
        numbered = "v4"
        return f"{self._of('associations', numbered)}/{from_type}/{to_type}/batch/read"

    def _of(self, what: str, numbered: str = NUMBERED) -> str:
        if self.version == NUMBERED:
            return f"crm/{numbered}/{what}"
        return f"crm/{what}/{self.version}"

"""What is to be tried on the journey: other variables, other people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

ArrRange = Literal["1-2000", "2001-8000", "8001+"]


class SimulationError(Exception):
    """A proposal cannot be simulated; the message says what is wrong with it."""


class RuleVariables(BaseModel):
    """The dbt vars that change how the journey decides (dbt_project.yml); None: as in force."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    auto_success_ranges: list[ArrRange] | None = None
    sticky_success: bool | None = None
    assign_sales_managers: bool | None = None

    @classmethod
    def from_json(cls, text: str) -> RuleVariables:
        """Read them from a JSON object.

        Raises:
            SimulationError: when it is none, or names a var or a value that there is not.
        """
        try:
            given = json.loads(text)
        except json.JSONDecodeError as error:
            raise SimulationError(f"The vars are not JSON ({error}).") from None
        if not isinstance(given, dict):
            raise SimulationError(
                'The vars are not a JSON object, such as {"sticky_success": true}.'
            )
        unknown = [name for name in given if name not in cls.model_fields]
        if unknown:
            raise SimulationError(
                f"No rule depends on a var {unknown[0]}; there are {', '.join(cls.model_fields)}."
            )
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            (first, *_) = error.errors()
            name, wrong = first["loc"][0], json.dumps(first["input"])
            what = first["msg"][0].lower() + first["msg"][1:]
            raise SimulationError(f"The var {name} cannot be {wrong}: {what}.") from None

    @property
    def given(self) -> Mapping[str, Any]:
        """Those that differ from what is in force."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Proposal:
    """What is to be tried. With nothing in it, the rules in force are compared with themselves."""

    managers: Path | None = None
    """A file in place of `seeds/reference/cs_managers.csv`."""
    variables: RuleVariables = field(default_factory=RuleVariables)
    leavers: tuple[str, ...] = ()
    """Usernames all of whose rows are no longer active."""

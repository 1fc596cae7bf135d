"""The syncs as people declare them: one YAML file each in `activation/syncs/`.

spec/activation.md, "Declared, not coded". The file says where the rows go; what they are is the dbt
model `activation.sync_<name>`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from activation.errors import DeclarationError, UnknownSyncError
from activation.messages import COMPOSERS
from activation.messages.composer import Composer
from activation.writers import DESTINATIONS
from activation.writers.base import CLOSED_LISTS, Mode, ValueKind

SYNCS = Path(__file__).parent / "syncs"
SKIP_REASON = "skip_reason"
"""Column of every source: null sends the row, anything else says why it is not sent."""

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Relation = Annotated[
    str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}$")
]


class Policy(StrEnum):
    """What one bad row means for the others (spec/activation.md, Engine)."""

    ROW_BY_ROW = "row_by_row"
    """Good rows go; bad rows are kept, tried again in later runs, and parked in the end."""
    ALL_OR_NOTHING = "all_or_nothing"
    """Every check comes before the first write, and the first refused row ends the run."""


class WhenNull(StrEnum):
    """What a null in the model does to the record. An empty string counts as null.

    No choice ever empties a value that this sync did not put there (spec/activation.md, Declared).
    """

    SKIP = "skip"
    """The field is left out: whatever the record holds stays, and is no longer ours to watch."""
    KEEP = "keep"
    """The value that we wrote last stays wanted; a full run sends it again."""
    CLEAR = "clear"
    """The value that we wrote last is emptied."""


class OnDrift(StrEnum):
    """What is done where the destination was found to hold something else than it confirmed."""

    REPORT = "report"
    """It stays as it is there, and is on record in `ops.sync_drift`."""
    REWRITE = "rewrite"
    """It is also written again by the next run."""


class FieldDeclaration(BaseModel):
    """One column of the model and the property that holds it in the destination."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: _Name
    property: _Text
    """The destination's internal name."""
    when_null: WhenNull = WhenNull.SKIP
    kind: ValueKind = ValueKind.TEXT
    """What `millrace sync setup` makes of a property that is missing."""
    label: _Text | None = None
    """What people read there; made of the property's name when None."""
    is_personal: bool = False
    """Whether it holds personal data: the ledger keeps a digest of it, and nothing shows it."""
    optional: bool = False
    """Whether runs leave it out, instead of failing, as long as the destination lacks it."""
    accepts: tuple[ValueKind, ...] = ()
    """Kinds that the property may be of; one of another kind fails the run. Empty takes any."""
    options: tuple[_Text, ...] = ()
    """What the property has to offer where it is a closed list; runs then add nothing to it."""

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.accepts and self.kind not in self.accepts:
            raise ValueError(
                f"accepts: must include {self.kind}, as `millrace sync setup` makes the property so"
            )
        if self.options and not CLOSED_LISTS & {self.kind, *self.accepts}:
            raise ValueError(
                f"options: only what is or accepts {_listed(CLOSED_LISTS)} can have them"
            )
        if len(set(self.options)) < len(self.options):
            raise ValueError("options: one of them is there twice")
        return self


class Guards(BaseModel):
    """When a run stops and asks instead of writing (spec/activation.md, Engine: guards)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_changed_share: float = Field(default=1.0, gt=0, le=1)
    """Largest part of the rows that may be sent at once; the first run of a sync is exempt."""
    max_changed_rows: int | None = Field(default=None, ge=1)
    """Largest number of rows that may be sent at once, the first run included."""
    allow: frozenset[_Text] | None = None
    """Only these keys are ever sent, for a pilot; None sends every row."""


class Declaration(BaseModel):
    """One sync, as its file says. Immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name = Field(max_length=56)
    """`<destination>_<object>__<purpose>`, or `<destination>_<purpose>` where the destination keeps
    no records; also the file's name. Tables are named for it, in the 63 bytes of PostgreSQL."""
    description: _Text
    destination: str
    object: str
    """What the rows are in the destination: `company`."""
    mode: Mode
    key: _Name
    """Column with the id of the destination's record."""
    after: tuple[_Name, ...] = ()
    """Syncs that have to have ended well before this one in a run of several."""
    composer: str | None = None
    """Who makes the message of what the fields hold (`activation.messages.COMPOSERS`); None sends
    the fields as they are."""
    reference: _Name | None = None
    """Column that names a row in our own terms; it stands in where a skipped row has no key."""
    policy: Policy
    batch_size: int = Field(ge=1)
    """Rows per request; at most what the vendor takes."""
    decided_at: _Name | None = None
    """Column with the instant since when the model wants the row as it is; for the latency."""
    on_drift: OnDrift = OnDrift.REPORT
    tells_of_syncs: bool = False
    """Whether its model tells of the ledger itself, so that it runs after all others, however they
    ended."""
    park_after: int = Field(default=5, ge=1)
    """Refusals of the same values before a row is parked (policy row_by_row)."""
    guards: Guards = Field(default_factory=Guards)
    blocked_by: _Relation | None = None
    """`<schema>.<table>` with the text columns `cause` and `details`; as long as it has rows, no
    run sends or asks anything. What a person takes back is not held up."""
    fields: tuple[FieldDeclaration, ...] = Field(min_length=1, max_length=50)

    @property
    def source(self) -> tuple[str, str]:
        """Schema and table of the model that says what the destination should hold."""
        return "activation", f"sync_{self.name}"

    @property
    def blockers(self) -> tuple[str, str] | None:
        """Schema and table of `blocked_by`."""
        if self.blocked_by is None:
            return None
        schema, table = self.blocked_by.split(".")
        return schema, table

    @property
    def properties(self) -> tuple[str, ...]:
        """The destination's names of the fields, as declared."""
        return tuple(field.property for field in self.fields)

    @property
    def optional(self) -> frozenset[str]:
        """The properties that runs leave out as long as the destination lacks them."""
        return frozenset(field.property for field in self.fields if field.optional)

    @property
    def message_composer(self) -> Composer | None:
        """The composer that is named; None where the fields are sent as they are."""
        return None if self.composer is None else COMPOSERS[self.composer][self.destination]

    @property
    def personal(self) -> frozenset[str]:
        """The properties whose values are kept as digests and never shown."""
        return DESTINATIONS[self.destination].personal | {
            field.property for field in self.fields if field.is_personal
        }

    @model_validator(mode="after")
    def _fits_destination(self) -> Self:
        destination = DESTINATIONS.get(self.destination)
        if destination is None:
            raise ValueError(f"destination: must be one of {_listed(DESTINATIONS)}")
        if self.object not in destination.objects:
            raise ValueError(
                f"object: {self.destination} takes {_listed(destination.objects)}, "
                f"not {self.object!r}"
            )
        if self.batch_size > destination.max_batch_size:
            raise ValueError(
                f"batch_size: {self.destination} takes at most {destination.max_batch_size} rows "
                "in a request"
            )
        if self.mode not in destination.modes:
            raise ValueError(f"mode: {self.destination} takes {_listed(destination.modes)}")
        missing = destination.required - set(self.properties) - self._composed()
        if missing:
            raise ValueError(f"fields: {self.destination} needs the property {_listed(missing)}")
        several = Mode.UPSERT in destination.modes
        prefix = f"{self.destination}_{self.object}__" if several else f"{self.destination}_"
        if not self.name.startswith(prefix) or self.name == prefix:
            raise ValueError(f"name: must be {prefix}<purpose>")
        return self

    def _composed(self) -> frozenset[str]:
        """The properties that the composer makes."""
        if self.composer is None:
            return frozenset()
        known = [name for name, by_place in COMPOSERS.items() if self.destination in by_place]
        if self.composer not in known:
            raise ValueError(f"composer: {self.destination} has {_listed(known)}")
        composer = COMPOSERS[self.composer][self.destination]
        if composer.takes not in self.properties:
            raise ValueError(f"fields: {self.composer} needs the property {composer.takes}")
        if twice := composer.makes & set(self.properties):
            raise ValueError(f"fields: {self.composer} composes the property {_listed(twice)}")
        return composer.makes

    @model_validator(mode="after")
    def _names_each_thing_once(self) -> Self:
        columns = [self.key, SKIP_REASON, *(field.column for field in self.fields)]
        for kind, names in {
            "column": columns,
            "property": [field.property for field in self.fields],
        }.items():
            repeated = {name for name in names if names.count(name) > 1}
            if repeated:
                raise ValueError(f"fields: the {kind} {_listed(repeated)} is there twice")
        return self

    @model_validator(mode="after")
    def _has_something_to_write(self) -> Self:
        if len(self.optional) == len(self.fields):
            raise ValueError("fields: at least one must not be optional")
        if found := self.optional & DESTINATIONS[self.destination].required:
            raise ValueError(f"fields: {self.destination} needs {_listed(found)}, not optionally")
        return self

    @model_validator(mode="after")
    def _keeps_nothing_personal(self) -> Self:
        keeping = {each.property for each in self.fields if each.when_null is WhenNull.KEEP}
        if found := keeping & self.personal:
            raise ValueError(
                f"fields: the personal {_listed(found)} cannot be kept, as the ledger has digests "
                "alone: let when_null be skip or clear"
            )
        return self


def load_declaration(path: Path) -> Declaration:
    """The sync that one file declares.

    Raises:
        DeclarationError: when the file is missing, is not YAML, or says something that no sync can.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeclarationError(f"{path}: cannot be read ({error.strerror}).") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" near line {mark.line + 1}" if mark else ""
        raise DeclarationError(f"{path}: is not YAML{line}.") from None
    if not isinstance(content, dict):
        raise DeclarationError(f"{path}: must be a mapping that begins with `name:`.")
    try:
        declaration = Declaration.model_validate(content)
    except ValidationError as error:
        raise DeclarationError(f"{path}: {_sentences(error)}") from None
    if declaration.name != path.stem:
        raise DeclarationError(
            f"{path}: name: must be {path.stem}, like the file, not {declaration.name}."
        )
    return declaration


def load_declarations(folder: Path = SYNCS) -> dict[str, Declaration]:
    """Every declared sync by name, in order of name.

    Raises:
        DeclarationError: when any of the files is wrong, or two write the same property of the
            same records.
    """
    declarations = [load_declaration(path) for path in sorted(folder.glob("*.yml"))]
    for one, other in itertools.combinations(declarations, 2):
        shared = set(one.properties) & set(other.properties)
        writes_records = not (one.mode.sends_once or other.mode.sends_once)
        same = (one.destination, one.object) == (other.destination, other.object)
        if shared and same and writes_records:
            raise DeclarationError(
                f"{one.name} and {other.name} both write {_listed(shared)} of the same "
                f"{one.destination} {one.object}: leave each property to one sync."
            )
    known = {declaration.name: declaration for declaration in declarations}
    for each in declarations:
        unknown = set(each.after) - known.keys()
        if unknown:
            raise DeclarationError(f"{each.name}: after: there is no sync {_listed(unknown)}.")
    return known


def find_declaration(name: str, folder: Path = SYNCS) -> Declaration:
    """The sync of that name.

    Raises:
        UnknownSyncError: when there is none; the message lists those that there are.
        DeclarationError: when any of the files is wrong.
    """
    declarations = load_declarations(folder)
    if name not in declarations:
        raise UnknownSyncError(f"There is no sync {name}; there is {_listed(declarations)}.")
    return declarations[name]


def read_back_properties(destination: str, folder: Path = SYNCS) -> dict[str, frozenset[str]]:
    """What ingestion has to read of a destination, so that what syncs write there is read back.

    spec/activation.md, Engine: verify.

    Returns:
        The properties of all syncs that are declared, by the table in which their records land.

    Raises:
        DeclarationError: when any of the files is wrong.
    """
    found: dict[str, frozenset[str]] = {}
    for declaration in load_declarations(folder).values():
        landed = DESTINATIONS[destination].landed.get(declaration.object)
        if declaration.destination == destination and landed is not None:
            found[landed.table] = found.get(landed.table, frozenset()).union(declaration.properties)
    return found


def _sentences(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ")
        problems.append(f"{place}: {said}" if place else said)
    return "; ".join(problems) + "."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"

"""Which records belong to which: contacts to companies, deals to companies and to contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from simulators.hubspot.object_types import COMPANIES, CONTACTS, DEALS, ObjectType


@dataclass(frozen=True, slots=True)
class AssociationKind:
    """What HubSpot fixes for the associations from one object type to another."""

    from_type: ObjectType
    to_type: ObjectType
    any_type: int
    """`typeId` of every one of them."""
    primary_type: int | None
    """`typeId` that the primary one has besides; None where none can be primary."""

    @property
    def types(self) -> tuple[str, str]:
        """As in paths."""
        return (self.from_type.name, self.to_type.name)


CONTACT_COMPANIES = AssociationKind(CONTACTS, COMPANIES, any_type=279, primary_type=1)
DEAL_COMPANIES = AssociationKind(DEALS, COMPANIES, any_type=341, primary_type=5)
DEAL_CONTACTS = AssociationKind(DEALS, CONTACTS, any_type=3, primary_type=None)
ASSOCIATION_KINDS = (CONTACT_COMPANIES, DEAL_COMPANIES, DEAL_CONTACTS)


@dataclass(frozen=True, slots=True)
class Association:
    """One record with another."""

    from_id: str
    to_id: str
    is_primary: bool = False


class Associations:
    """All associations of one kind; a record has one primary one at most."""

    def __init__(self, kind: AssociationKind, associations: Iterable[Association] = ()) -> None:
        """Begin with these, in any order."""
        self.kind = kind
        self._primary: dict[str, dict[int, bool]] = {}
        for association in associations:
            self.put(association)

    def __iter__(self) -> Iterator[Association]:
        """All of them, by the ids of the one and the other record."""
        return (
            association
            for from_id in sorted(self._primary, key=int)
            for association in self.of(from_id)
        )

    def of(self, from_id: str) -> list[Association]:
        """Those of one record, in the order of the others' ids."""
        return [
            Association(from_id, str(to_id), is_primary)
            for to_id, is_primary in sorted(self._primary.get(from_id, {}).items())
        ]

    def put(self, association: Association) -> None:
        """Make it, or change whether it is the primary one."""
        others = self._primary.setdefault(association.from_id, {})
        if association.is_primary:
            others.update(dict.fromkeys(others, False))
        others[int(association.to_id)] = association.is_primary

    def remove(self, from_id: str, to_id: str) -> None:
        """Take one away.

        Raises:
            KeyError: when there is none.
        """
        del self._primary[from_id][int(to_id)]

    def forget(self, object_type: str, record_id: str) -> list[Association]:
        """Take away all that a record has with records of the other type; gives what it had."""
        had = [
            association
            for association in self
            if (object_type, record_id)
            in (
                (self.kind.from_type.name, association.from_id),
                (self.kind.to_type.name, association.to_id),
            )
        ]
        for association in had:
            self.remove(association.from_id, association.to_id)
        return had

    def move(self, object_type: str, loser: str, winner: str) -> None:
        """Give one record all that another has; its own primary one stays the primary one."""
        for had in self.forget(object_type, loser):
            moved = (
                replace(had, from_id=winner)
                if object_type == self.kind.from_type.name
                else replace(had, to_id=winner)
            )
            present = {own.to_id: own.is_primary for own in self.of(moved.from_id)}
            self.put(
                replace(
                    moved,
                    is_primary=present.get(moved.to_id, False)
                    or (moved.is_primary and not any(present.values())),
                )
            )

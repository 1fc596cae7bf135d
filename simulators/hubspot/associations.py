"""Which contacts belong to which companies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PRIMARY_TYPE = 1
"""`typeId` of a contact's primary company."""
ANY_TYPE = 279
"""`typeId` of every company that a contact is associated with."""


@dataclass(frozen=True, slots=True)
class Association:
    """One contact with one company."""

    contact_id: str
    company_id: str
    is_primary: bool = False


class Associations:
    """The associations of an account; a contact has one primary company at most."""

    def __init__(self, associations: Iterable[Association] = ()) -> None:
        """Begin with these, in any order."""
        self._primary: dict[str, dict[int, bool]] = {}
        for association in associations:
            self.put(association)

    def __iter__(self) -> Iterator[Association]:
        """All of them, by contact and company."""
        return (
            association
            for contact_id in sorted(self._primary, key=int)
            for association in self.of(contact_id)
        )

    def of(self, contact_id: str) -> list[Association]:
        """Those of one contact, in the order of the companies' ids."""
        return [
            Association(contact_id, str(company_id), is_primary)
            for company_id, is_primary in sorted(self._primary.get(contact_id, {}).items())
        ]

    def put(self, association: Association) -> None:
        """Make it, or change whether it is the primary one."""
        companies = self._primary.setdefault(association.contact_id, {})
        if association.is_primary:
            companies.update(dict.fromkeys(companies, False))
        companies[int(association.company_id)] = association.is_primary

    def remove(self, contact_id: str, company_id: str) -> None:
        """Take one away.

        Raises:
            KeyError: when there is none.
        """
        del self._primary[contact_id][int(company_id)]

    def forget_contact(self, contact_id: str) -> None:
        """Take away all that a contact has."""
        self._primary.pop(contact_id, None)

    def forget_company(self, company_id: str) -> None:
        """Take away all that a company has."""
        for companies in self._primary.values():
            companies.pop(int(company_id), None)

"""Where HubSpot's endpoints are, in both forms of its addresses."""

from __future__ import annotations

import re

OBJECTS_PATH = "/crm/v3/objects"
PROPERTIES_PATH = "/crm/v3/properties"
OWNERS_PATH = "/crm/v3/owners"
ASSOCIATIONS_PATH = "/crm/v4/associations"

_BY_DATE = re.compile(r"/crm/(objects|properties|owners|associations)/\d{4}-\d{2}(?=/|$)")
_BY_VERSION = {
    "objects": OBJECTS_PATH,
    "properties": PROPERTIES_PATH,
    "owners": OWNERS_PATH,
    "associations": ASSOCIATIONS_PATH,
}


def by_version(path: str) -> str:
    """The numbered form of a path: `/crm/objects/2026-03/deals` is `/crm/v3/objects/deals`.

    Whatever is not in the dated form stays as it is.
    """
    return _BY_DATE.sub(lambda found: _BY_VERSION[found[1]], path, count=1)

"""What is read of HubSpot: the kinds of records, their associations, and the raw tables.

One more kind of record is one more `CrmObject`, with a table like that of the others (a
migration); one more association is one more `AssociationType`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ingestion.workbench import RawTable

SCHEMA = "raw_hubspot"
MERGED_PROPERTY = "hs_merged_object_ids"
"""Names the records that were merged into one, with `;` between their ids."""


@dataclass(frozen=True, slots=True)
class CrmObject:
    """A kind of record, and what Millrace wants to know of it."""

    name: str
    """As in paths; also the name of its raw table."""
    modified_property: str
    """Holds the time of the last change; contacts have an older one than all others."""
    properties: tuple[str, ...]
    """Internal names; HubSpot leaves out those that an account does not have."""
    with_history: tuple[str, ...]
    """Those of which it also matters what they were, and since when."""

    @property
    def asked_for(self) -> frozenset[str]:
        """All that a load reads of each record, as `raw_hubspot.read_until` keeps it."""
        return frozenset(
            (*self.properties, *(f"with history: {name}" for name in self.with_history))
        )

    def also_reading(self, names: Collection[str]) -> CrmObject:
        """The same kind of record, of which these properties are read too."""
        properties = dict.fromkeys((*self.properties, *sorted(names)))
        return replace(self, properties=tuple(properties))

    @property
    def table(self) -> RawTable:
        """Where its records land."""
        return RawTable(
            schema=SCHEMA,
            name=self.name,
            key=("id",),
            columns={
                "id": "text",
                "archived": "bool",
                "archived_at": "timestamp",
                "created_at": "timestamp",
                "updated_at": "timestamp",
                "properties": "json",
                "more": "json",
            },
            nullable=frozenset({"archived_at", "more"}),
            set_back=("missing_since",),
            prefer="archived desc, updated_at desc",
            outdated=(
                "landed.archived = excluded.archived and landed.updated_at > excluded.updated_at"
            ),
        )


COMPANIES = CrmObject(
    name="companies",
    modified_property="hs_lastmodifieddate",
    properties=(
        "hs_object_id",
        "createdate",
        "hs_lastmodifieddate",
        MERGED_PROPERTY,
        "name",
        "domain",
        "country",
        "lifecyclestage",
        "hubspot_owner_id",
        # spec/journey.md, Inputs; spec/activation.md, Declared, not coded
        "is_subjectively_onboarded_",
        "cs_stage",
        "salesaccountmanager",
        "customersuccessmanager",
        "account_manager",
        # spec/engagement.md, Universe and mapping
        "is_internal_test",
        "customer_status",
        "customer_engagement_rank",
    ),
    with_history=(
        "lifecyclestage",
        "hubspot_owner_id",
        "is_subjectively_onboarded_",
        "cs_stage",
        "salesaccountmanager",
        "customersuccessmanager",
        "account_manager",
        "customer_status",
    ),
)
CONTACTS = CrmObject(
    name="contacts",
    modified_property="lastmodifieddate",
    properties=(
        "hs_object_id",
        "createdate",
        "lastmodifieddate",
        MERGED_PROPERTY,
        # found again by spec/attribution.md and spec/funnel.md, whose people are known by email
        "email",
        "hs_additional_emails",
        "firstname",
        "lastname",
        # spec/engagement.md, Universe and mapping
        "lifecyclestage",
        "associatedcompanyid",
        "hubspot_owner_id",
    ),
    with_history=("lifecyclestage", "hubspot_owner_id", "associatedcompanyid"),
)
DEALS = CrmObject(
    name="deals",
    modified_property="hs_lastmodifieddate",
    properties=(
        "hs_object_id",
        "createdate",
        "hs_lastmodifieddate",
        MERGED_PROPERTY,
        "dealname",
        "dealtype",
        "pipeline",
        "dealstage",
        "hs_is_closed",
        "hs_is_closed_won",
        "closedate",
        "amount",
        "deal_currency_code",
        "hubspot_owner_id",
    ),
    with_history=("pipeline", "dealstage", "closedate", "amount", "hubspot_owner_id"),
)
CRM_OBJECTS = (COMPANIES, CONTACTS, DEALS)


def crm_objects_reading(also_read: Mapping[str, Collection[str]]) -> tuple[CrmObject, ...]:
    """All kinds of records, with further properties to be read.

    Args:
        also_read: internal names of properties, by the name of the kind (`companies`).

    Raises:
        ValueError: when there is no such kind.
    """
    unknown = also_read.keys() - {crm_object.name for crm_object in CRM_OBJECTS}
    if unknown:
        raise ValueError(f"No {', '.join(sorted(unknown))} are read of HubSpot.")
    return tuple(
        crm_object.also_reading(also_read.get(crm_object.name, ())) for crm_object in CRM_OBJECTS
    )


OWNERS = RawTable(
    schema=SCHEMA,
    name="owners",
    key=("id",),
    columns={
        "id": "text",
        "archived": "bool",
        "created_at": "timestamp",
        "updated_at": "timestamp",
        "owner": "json",
    },
    prefer="archived desc, updated_at desc",
)
PROPERTY_DEFINITIONS = RawTable(
    schema=SCHEMA,
    name="property_definitions",
    key=("object_type", "name"),
    columns={"object_type": "text", "name": "text", "archived": "bool", "definition": "json"},
)
PROPERTY_HISTORY = RawTable(
    schema=SCHEMA,
    name="property_history",
    key=("object_type", "record_id", "property", "changed_at", "value"),
    columns={
        "object_type": "text",
        "record_id": "text",
        "property": "text",
        "changed_at": "timestamp",
        "value": "text",
        "source_type": "text",
        "source_id": "text",
        "source_label": "text",
        "updated_by_user_id": "bigint",
    },
    nullable=frozenset({"source_id", "source_label", "updated_by_user_id"}),
)
MERGED_IDS = RawTable(
    schema=SCHEMA,
    name="merged_ids",
    key=("object_type", "merged_id"),
    columns={"object_type": "text", "merged_id": "text", "id": "text"},
)


@dataclass(frozen=True, slots=True)
class AssociationType:
    """Which records of one kind belong to which of another."""

    from_object: CrmObject
    from_column: str
    to_object: CrmObject
    to_column: str
    table_name: str

    @property
    def table(self) -> RawTable:
        """Where the associations land: a row for each type that two records are associated by."""
        return RawTable(
            schema=SCHEMA,
            name=self.table_name,
            key=(self.from_column, self.to_column, "category", "type_id"),
            columns={
                self.from_column: "text",
                self.to_column: "text",
                "category": "text",
                "type_id": "bigint",
                "label": "text",
            },
            nullable=frozenset({"label"}),
        )


CONTACT_COMPANIES = AssociationType(
    from_object=CONTACTS,
    from_column="contact_id",
    to_object=COMPANIES,
    to_column="company_id",
    table_name="contact_company_associations",
)
DEAL_COMPANIES = AssociationType(
    from_object=DEALS,
    from_column="deal_id",
    to_object=COMPANIES,
    to_column="company_id",
    table_name="deal_company_associations",
)
DEAL_CONTACTS = AssociationType(
    from_object=DEALS,
    from_column="deal_id",
    to_object=CONTACTS,
    to_column="contact_id",
    table_name="deal_contact_associations",
)
ASSOCIATION_TYPES = (CONTACT_COMPANIES, DEAL_COMPANIES, DEAL_CONTACTS)

TABLES = (
    *(crm_object.table for crm_object in CRM_OBJECTS),
    OWNERS,
    PROPERTY_DEFINITIONS,
    *(association_type.table for association_type in ASSOCIATION_TYPES),
    PROPERTY_HISTORY,
    MERGED_IDS,
)
"""All of them, in the order in which they are told of."""

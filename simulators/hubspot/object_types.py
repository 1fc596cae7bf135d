"""The object types of an account, and the properties each has from the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from simulators.hubspot.properties import (
    FieldType,
    PropertyDefinition,
    PropertyGroup,
    PropertyOption,
    PropertyType,
)

ID_PROPERTY = "hs_object_id"
CREATED_PROPERTY = "createdate"
PRIMARY_COMPANY_PROPERTY = "associatedcompanyid"
MERGED_PROPERTY = "hs_merged_object_ids"
"""Ids of the records that were merged into this one, with `;` between them."""


@dataclass(frozen=True, slots=True)
class ObjectType:
    """What HubSpot fixes for one kind of record."""

    name: str
    """As in paths: `companies`."""
    singular: str
    """As in messages: `COMPANY`."""
    modified_property: str
    """Name of the property with the time of the last change; contacts have an older one."""
    default_properties: tuple[str, ...]
    """What a read returns when it names no properties."""
    searched_properties: tuple[str, ...]
    """Where a search's `query` looks."""
    group: PropertyGroup
    properties: tuple[PropertyDefinition, ...]
    calculated: Callable[[Mapping[str, str]], dict[str, str]] = field(default=lambda _: {})
    """From the values of a record, those that HubSpot sets by itself."""

    @property
    def always_returned(self) -> tuple[str, ...]:
        """The properties that come with every record, asked for or not."""
        return (CREATED_PROPERTY, self.modified_property, ID_PROPERTY)


def option(value: str, label: str | None = None) -> PropertyOption:
    """An option whose label is its value, unless another is given."""
    return PropertyOption(label=label or value, value=value)


def dropdown(
    name: str,
    label: str,
    group: str,
    options: tuple[PropertyOption, ...] = (),
    *,
    hubspot_defined: bool = False,
) -> PropertyDefinition:
    """A property with one value of a list."""
    return PropertyDefinition(
        name=name,
        label=label,
        type=PropertyType.ENUMERATION,
        field_type=FieldType.SELECT,
        group_name=group,
        options=options,
        hubspot_defined=hubspot_defined,
        read_only_definition=hubspot_defined,
    )


def _own(
    name: str,
    label: str,
    group: str,
    type_: PropertyType = PropertyType.STRING,
    field_type: FieldType = FieldType.TEXT,
    *,
    is_unique: bool = False,
    is_read_only: bool = False,
) -> PropertyDefinition:
    """A property that HubSpot itself defines."""
    return PropertyDefinition(
        name=name,
        label=label,
        type=type_,
        field_type=field_type,
        group_name=group,
        hubspot_defined=True,
        has_unique_value=is_unique,
        read_only_value=is_read_only,
        read_only_definition=True,
    )


def _number(name: str, label: str, group: str) -> PropertyDefinition:
    return _own(name, label, group, PropertyType.NUMBER, FieldType.NUMBER)


def _calculated_flag(name: str, label: str, group: str) -> PropertyDefinition:
    flag = (PropertyType.BOOL, FieldType.EQUATION)
    return _own(name, label, group, *flag, is_read_only=True)


def _set_by_hubspot(group: str, modified_property: str) -> tuple[PropertyDefinition, ...]:
    """Record id, creation, last change and merges, which every object type has; and the owner."""
    instant = (PropertyType.DATETIME, FieldType.DATE)
    number = (PropertyType.NUMBER, FieldType.NUMBER)
    return (
        _own(ID_PROPERTY, "Record ID", group, *number, is_unique=True, is_read_only=True),
        _own(CREATED_PROPERTY, "Create Date", group, *instant, is_read_only=True),
        _own(modified_property, "Last Modified Date", group, *instant, is_read_only=True),
        _own(MERGED_PROPERTY, "Merged object IDs", group, is_read_only=True),
        PropertyDefinition(
            name="hubspot_owner_id",
            label="Owner",
            type=PropertyType.ENUMERATION,
            field_type=FieldType.SELECT,
            group_name=group,
            hubspot_defined=True,
            read_only_definition=True,
            refers_to_owners=True,
        ),
    )


_LIFECYCLE_STAGES = (
    option("subscriber", "Subscriber"),
    option("lead", "Lead"),
    option("marketingqualifiedlead", "Marketing Qualified Lead"),
    option("salesqualifiedlead", "Sales Qualified Lead"),
    option("opportunity", "Opportunity"),
    option("customer", "Customer"),
    option("evangelist", "Evangelist"),
    option("other", "Other"),
)

_COMPANY = "companyinformation"
_CONTACT = "contactinformation"
_DEAL = "dealinformation"

COMPANIES = ObjectType(
    name="companies",
    singular="COMPANY",
    modified_property="hs_lastmodifieddate",
    default_properties=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    searched_properties=("name", "domain", "website", "phone"),
    group=PropertyGroup(_COMPANY, "Company information", 0),
    properties=(
        *_set_by_hubspot(_COMPANY, "hs_lastmodifieddate"),
        _own("name", "Company name", _COMPANY),
        _own("domain", "Company Domain Name", _COMPANY),
        _own("website", "Website URL", _COMPANY),
        _own("phone", "Phone Number", _COMPANY),
        _own("city", "City", _COMPANY),
        _own("country", "Country/Region", _COMPANY),
        _number("numberofemployees", "Number of Employees", _COMPANY),
        _number("annualrevenue", "Annual Revenue", _COMPANY),
        dropdown(
            "lifecyclestage", "Lifecycle Stage", _COMPANY, _LIFECYCLE_STAGES, hubspot_defined=True
        ),
    ),
)
CONTACTS = ObjectType(
    name="contacts",
    singular="CONTACT",
    modified_property="lastmodifieddate",
    default_properties=(
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    ),
    searched_properties=("firstname", "lastname", "email", "phone", "company"),
    group=PropertyGroup(_CONTACT, "Contact information", 0),
    properties=(
        *_set_by_hubspot(_CONTACT, "lastmodifieddate"),
        _own("email", "Email", _CONTACT, is_unique=True),
        _own("firstname", "First Name", _CONTACT),
        _own("lastname", "Last Name", _CONTACT),
        _own("phone", "Phone Number", _CONTACT),
        _own("company", "Company Name", _CONTACT),
        _own("country", "Country/Region", _CONTACT),
        _own("hs_additional_emails", "Additional email addresses", _CONTACT),
        _number(PRIMARY_COMPANY_PROPERTY, "Primary Associated Company ID", _CONTACT),
        dropdown(
            "lifecyclestage", "Lifecycle Stage", _CONTACT, _LIFECYCLE_STAGES, hubspot_defined=True
        ),
    ),
)


def _closed(deal: Mapping[str, str]) -> dict[str, str]:
    """Whether a deal is over, and won, by the stages of HubSpot's own pipeline."""
    stage = deal.get("dealstage")
    return {
        "hs_is_closed": str(stage in {"closedwon", "closedlost"}).lower(),
        "hs_is_closed_won": str(stage == "closedwon").lower(),
    }


DEALS = ObjectType(
    name="deals",
    singular="DEAL",
    modified_property="hs_lastmodifieddate",
    default_properties=(
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    searched_properties=("dealname", "pipeline", "dealstage"),
    group=PropertyGroup(_DEAL, "Deal information", 0),
    properties=(
        *_set_by_hubspot(_DEAL, "hs_lastmodifieddate"),
        _own("dealname", "Deal Name", _DEAL),
        _number("amount", "Amount", _DEAL),
        _own("closedate", "Close Date", _DEAL, PropertyType.DATETIME, FieldType.DATE),
        _own("pipeline", "Pipeline", _DEAL),
        _own("dealstage", "Deal Stage", _DEAL),
        _own("deal_currency_code", "Currency", _DEAL),
        dropdown(
            "dealtype",
            "Deal Type",
            _DEAL,
            (
                option("newbusiness", "New Business"),
                option("existingbusiness", "Existing Business"),
            ),
            hubspot_defined=True,
        ),
        _calculated_flag("hs_is_closed", "Is Deal Closed?", _DEAL),
        _calculated_flag("hs_is_closed_won", "Is Closed Won", _DEAL),
    ),
    calculated=_closed,
)

OBJECT_TYPES = {kind.name: kind for kind in (COMPANIES, CONTACTS, DEALS)}

ACCOUNT_PROPERTIES = (
    dropdown("salesaccountmanager", "Sales Account Manager", _COMPANY),
    dropdown("customersuccessmanager", "Customer Success Manager", _COMPANY),
    dropdown("account_manager", "Account Manager", _COMPANY),
    dropdown("cs_stage", "CS Stage", _COMPANY),
    dropdown(
        "is_subjectively_onboarded_",
        "Is subjectively onboarded?",
        _COMPANY,
        (option("yes", "Yes"), option("no", "No")),
    ),
    dropdown(
        "customer_status",
        "Customer status",
        _COMPANY,
        (option("active", "Active"), option("churned", "Churned")),
    ),
    PropertyDefinition(
        name="is_internal_test",
        label="Is internal test?",
        type=PropertyType.BOOL,
        field_type=FieldType.BOOLEAN_CHECKBOX,
        group_name=_COMPANY,
        options=(option("true", "Yes"), option("false", "No")),
    ),
    PropertyDefinition(
        name="customer_engagement_score",
        label="Customer Engagement Score",
        type=PropertyType.NUMBER,
        field_type=FieldType.NUMBER,
        group_name=_COMPANY,
    ),
    PropertyDefinition(
        name="customer_engagement_rank",
        label="Customer Engagement Rank",
        type=PropertyType.STRING,
        field_type=FieldType.TEXT,
        group_name=_COMPANY,
    ),
    dropdown(
        "customer_engagement_tier",
        "Customer Engagement Tier",
        _COMPANY,
        tuple(option(tier, tier) for tier in ("Top 30%", "Middle 40%", "Bottom 30%")),
    ),
)
"""The company properties that the account has made for itself and that Millrace reads or writes
(spec/activation.md, Declared, not coded; spec/journey.md, Inputs; spec/engagement.md, Universe and
mapping). The dropdowns that Millrace writes to are empty."""

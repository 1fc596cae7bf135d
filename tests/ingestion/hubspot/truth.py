"""What the raw tables must hold, told by the account and not by the load."""

from __future__ import annotations

from collections.abc import Collection

from ingestion.hubspot.objects import (
    ASSOCIATION_TYPES,
    CRM_OBJECTS,
    TABLES,
    AssociationType,
    CrmObject,
)
from simulators.hubspot import HubspotState
from simulators.hubspot.records import ObjectRecord
from tests.ingestion.raw_tables import Rows, rows
from warehouse.database import Warehouse

_SAID = "to_jsonb(landed) - array['_dlt_load_id', '_dlt_id']::text[]"
_RECORD = "id, archived, properties"


def tables(warehouse: Warehouse, names: Collection[str] = ()) -> dict[str, Rows]:
    """The rows of raw tables, all or those named, without the marks of the load they came by."""
    with warehouse.connect() as connection:
        return {
            table.name: rows(
                connection,
                f"select {_SAID} from {table.full_name} as landed order by 1",  # noqa: S608 - ours
            )
            for table in TABLES
            if not names or table.name in names
        }


def assert_all_has_landed(warehouse: Warehouse, state: HubspotState) -> None:
    """The raw tables say what the account says, record by record, no more and no less."""
    with warehouse.connect() as connection:
        for crm_object in CRM_OBJECTS:
            landed = rows(
                connection,
                f"select {_RECORD} from {crm_object.table.full_name} order by id::bigint",  # noqa: S608 - ours
            )
            assert landed == [_record(crm_object, one) for one in state.tables[crm_object.name]]
        for kind in ASSOCIATION_TYPES:
            landed = rows(
                connection,
                f"select distinct {kind.from_column}, {kind.to_column} "  # noqa: S608 - ours
                f"from {kind.table.full_name} "
                f"inner join {kind.from_object.table.full_name} as record "
                f"on record.id = {kind.from_column} and not archived order by 1, 2",
            )
            assert landed == sorted(_associations(kind, state))
        landed = rows(
            connection,
            "select object_type, record_id, property, value, changed_at "
            "from raw_hubspot.property_history",
        )
        assert sorted(landed) == sorted(_histories(state))


def _record(crm_object: CrmObject, record: ObjectRecord) -> tuple[object, ...]:
    asked_for = set(crm_object.properties)
    values = {name: value for name, value in record.properties.items() if name in asked_for}
    return (record.id, record.is_archived, values)


def _associations(kind: AssociationType, state: HubspotState) -> Rows:
    """Those that HubSpot tells: both records are in use."""
    types = (kind.from_object.name, kind.to_object.name)
    return [
        (one.from_id, one.to_id)
        for one in state.associations[types]
        if not state.record(types[0], one.from_id).is_archived
        and not state.record(types[1], one.to_id).is_archived
    ]


def _histories(state: HubspotState) -> Rows:
    return [
        (crm_object.name, record.id, name, past.value, past.since)
        for crm_object in CRM_OBJECTS
        for record in state.tables[crm_object.name]
        for name in crm_object.with_history
        for past in record.history(name)
    ]

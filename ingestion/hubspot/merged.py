"""Which records were merged into which, from what the records themselves say.

A record names those that were merged into it in `hs_merged_object_ids`, and so may these. The
crosswalk follows such chains to their end, the record that lives on. It is made anew in every load
from all that has landed, so that it does not matter in which order merges came to be known.
"""

from __future__ import annotations

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from ingestion.hubspot.objects import MERGED_IDS, MERGED_PROPERTY, CrmObject


def find_merged_ids(connection: Connection[TupleRow], crm_object: CrmObject) -> set[str]:
    """Put the crosswalk of one kind of records, as they have landed, into the workbench.

    Where two records name one, the one that is in use counts, then the one that was changed last.

    Returns:
        Ids of the records that were merged into others.
    """
    found = connection.execute(
        sql.SQL(
            """
            insert into {workbench} (object_type, merged_id, id, _dlt_load_id, _dlt_id)
            with recursive named as (
                select distinct on (merged_id)
                    merged_id, record.id, record._dlt_load_id, record._dlt_id
                from
                    {records} as record,
                    unnest(string_to_array(record.properties ->> {property}, ';')) as merged_id
                where
                    record.properties ->> {property} is not null
                    and merged_id not in ('', record.id)
                order by merged_id, record.archived, record.updated_at desc, record.id
            ),

            followed as (
                select merged_id, id, _dlt_load_id, _dlt_id from named
                union all
                select followed.merged_id, named.id, named._dlt_load_id, named._dlt_id
                from followed
                inner join named on followed.id = named.merged_id
            ) cycle id set comes_back using ids

            select {object_type}, merged_id, id, _dlt_load_id, _dlt_id
            from followed
            where
                not comes_back
                and not exists (select 1 from named where named.merged_id = followed.id)
            returning merged_id
            """
        ).format(
            workbench=MERGED_IDS.source,
            records=crm_object.table.target,
            property=sql.Literal(MERGED_PROPERTY),
            object_type=sql.Literal(crm_object.name),
        )
    )
    return {merged_id for (merged_id,) in found}


def give_up_merged(
    connection: Connection[TupleRow],
    crm_object: CrmObject,
    merged_ids: set[str],
    passed_over: set[str],
) -> int:
    """Let the records that were merged into others count as archived, and no more be asked for.

    Args:
        connection: in the transaction of the load.
        crm_object: what kind of records they are.
        merged_ids: what `find_merged_ids` found.
        passed_over: ids for which HubSpot answered with no record of that id.

    Returns:
        How many records were in use until now.
    """
    table = crm_object.table.target
    given_up = connection.execute(
        sql.SQL(
            "update {} set archived = true, missing_since = now() "
            "where not archived and id = any(%s)"
        ).format(table),
        [sorted(merged_ids)],
    ).rowcount
    connection.execute(
        sql.SQL(
            "update {} set missing_since = now() where missing_since is null and id = any(%s)"
        ).format(table),
        [sorted(merged_ids & passed_over)],
    )
    return given_up

"""Who keeps whom out: every advisory lock of the warehouse, in one place.

The numbers mean nothing; they only have to differ. A lock belongs to the database session that took
it, so a process that dies gives it back. Beside these, each sync has a lock of its own, named after
it (`activation.ledger.lock_name`).
"""

from __future__ import annotations

from enum import IntEnum


class WarehouseLock(IntEnum):
    """Keys of PostgreSQL's advisory locks, per database."""

    MIGRATION = 5_170_001
    """One migration at a time; who opens the warehouse waits for it."""
    JOURNEY = 5_170_002
    """Held by the transactions that write the journey's log, the histories and the scored weeks,
    whichever run they belong to: `take_journey_lock` of macros/dialect.sql, which has to name the
    number too."""
    BUILD = 5_170_003
    """One build at a time (`warehouse.build_lock`)."""
    DESTINATIONS = 5_170_004
    """Shared by all syncs that are at work; a restore holds it alone."""
    LANDING = 5_170_005
    """One batch of events lands at a time (`ingestion.events.landing`)."""
    HUBSPOT_LOAD = 5_170_006
    """One load of HubSpot at a time (`ingestion.hubspot.landing`)."""
    PIPEDRIVE_LOAD = 5_170_007
    """One load of Pipedrive at a time."""
    YOBI_LOAD = 5_170_008
    """One load of Yobi at a time (`ingestion.yobi.landing`)."""

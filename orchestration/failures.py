"""How a failed asset says what went wrong: one sentence that says what to do, and no values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg

from activation.errors import ActivationError
from ingestion.errors import IngestionError
from warehouse.build_lock import BuildInProgressError
from warehouse.database import WarehouseError
from warehouse.server import ServerError
from warehouse.settings import SettingsError

_EXPECTED = (
    ActivationError,
    BuildInProgressError,
    IngestionError,
    ServerError,
    SettingsError,
    WarehouseError,
)


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """End the asset with the sentence of an expected error, without what it was raised from.

    Raises:
        dagster.Failure: in place of the error. One of the database's may quote rows, so that only
            its kind is told; an unexpected error comes through as it is, with its traceback.
    """
    try:
        yield
    except _EXPECTED as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except psycopg.Error as error:
        raise dg.Failure(
            f"The database refused or broke off ({type(error).__name__}): look into its log, then "
            "start the run again.",
            allow_retries=False,
        ) from None

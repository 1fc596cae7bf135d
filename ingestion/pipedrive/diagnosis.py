"""What `millrace doctor` finds out about Pipedrive. Nothing is changed."""

from __future__ import annotations

from warehouse.diagnosis import Finding, Verdict
from warehouse.settings import Settings

_CHECK = "pipedrive"


def diagnose_pipedrive(settings: Settings) -> Finding:
    """Whether Pipedrive accepts the token; costs two of the day's API tokens.

    Args:
        settings: with or without a token.
    """
    if settings.pipedrive_api_token is None:
        return Finding(
            _CHECK, Verdict.WARNING, "PIPEDRIVE_API_TOKEN is not set: Pipedrive is not read."
        )
    # Imported late: dlt takes a second, which only who reads Pipedrive should pay.
    from ingestion.pipedrive.errors import PipedriveError  # noqa: PLC0415
    from ingestion.pipedrive.probe import ask_who_i_am  # noqa: PLC0415

    try:
        me = ask_who_i_am(settings)
    except PipedriveError as error:
        return Finding(_CHECK, Verdict.FAILED, str(error))
    left = "" if me.tokens_left is None else f"; {me.tokens_left:,} API tokens are left today"
    return Finding(
        _CHECK,
        Verdict.OK,
        f"Pipedrive accepts the token{left} (what it may read, `millrace probe pipedrive` tells).",
    )

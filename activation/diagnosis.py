"""What `millrace doctor` finds out about destinations and syncs. Nothing is changed."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from activation.declaration import Declaration
from activation.errors import DestinationError, DestinationUnavailableError, MissingScopeError
from activation.status import SyncStatus, sync_status
from activation.writers.email_server import MailServer
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import EMAIL, HUBSPOT
from warehouse.database import Warehouse
from warehouse.diagnosis import Finding, Verdict, clock_finding
from warehouse.hubspot_paths import HubspotPaths
from warehouse.settings import Settings, SettingsError, SmtpSecurity

_ONE_PROPERTY = {"companies": "name", "contacts": "email", "deals": "dealname"}
"""The kinds of records that are read, each with a property that it certainly has."""


def diagnose_hubspot(
    settings: Settings, *, transport: httpx.BaseTransport | None = None
) -> Iterator[Finding]:
    """The token, what it may read, and HubSpot's clock; asks for one record of each kind.

    Args:
        settings: with or without a token.
        transport: how requests travel; httpx's own by default.
    """
    if settings.hubspot_access_token is None:
        yield Finding(
            "hubspot",
            Verdict.WARNING,
            "HUBSPOT_ACCESS_TOKEN is not set: HubSpot is neither read nor written.",
        )
        return
    missing: list[str] = []
    clock: Finding | None = None
    try:
        client = HubSpotClient(
            token=settings.require_hubspot_token(),
            base_url=settings.hubspot_base_url,
            limits=replace(HUBSPOT, attempts=1, answer_timeout=10.0),
            transport=transport,
        )
    except DestinationError as error:
        yield Finding("hubspot", Verdict.FAILED, str(error))
        return
    try:
        for scope, path in _needed(settings.hubspot_paths):
            before = datetime.now(UTC)
            try:
                answer = client.read(path)
            except MissingScopeError:
                missing.append(scope)
            else:
                clock = _clock(answer, before)
    except DestinationError as error:
        yield Finding("hubspot", Verdict.FAILED, str(error))
        return
    finally:
        client.close()
    if missing:
        yield Finding(
            "hubspot",
            Verdict.FAILED,
            f"HubSpot accepts the token, which lacks {', '.join(missing)}: give the private app "
            "these scopes.",
        )
    else:
        yield Finding(
            "hubspot",
            Verdict.OK,
            "HubSpot accepts the token; it may read companies, contacts, deals, properties and "
            "owners.",
        )
    if clock is not None:
        yield clock


def _needed(paths: HubspotPaths) -> Iterator[tuple[str, str]]:
    """The scopes that reading needs, each with a cheap request that shows it.

    Only a write shows the right to write.
    """
    for object_type, name in _ONE_PROPERTY.items():
        yield f"crm.objects.{object_type}.read", f"/{paths.objects(object_type)}?limit=1"
        yield f"crm.schemas.{object_type}.read", f"/{paths.properties(object_type)}/{name}"
    yield "crm.objects.owners.read", f"/{paths.owners}?limit=1"


def diagnose_slack(settings: Settings) -> Finding:
    """The webhook, as far as it can be judged: only a message would show whether it works."""
    if settings.slack_webhook_url is None:
        return Finding(
            "slack",
            Verdict.WARNING,
            "SLACK_WEBHOOK_URL is not set: nothing is posted to Slack.",
        )
    try:
        settings.require_slack_webhook()
    except SettingsError as error:
        return Finding("slack", Verdict.FAILED, str(error))
    return Finding(
        "slack",
        Verdict.OK,
        "SLACK_WEBHOOK_URL is set and reads like a webhook; whether Slack takes it, only a message "
        "would show.",
    )


def diagnose_email(settings: Settings, *, tls: ssl.SSLContext | None = None) -> Finding:
    """The mail server, its encryption and the login; no message is handed over.

    Args:
        settings: with or without a mail server.
        tls: whose certificates are trusted; by default those that the system trusts.
    """
    if settings.smtp_host is None:
        return Finding("email", Verdict.WARNING, "SMTP_HOST is not set: no e-mail is sent.")
    limits = replace(EMAIL, attempts=1, connect_timeout=10.0, answer_timeout=10.0)
    try:
        account = settings.require_smtp()
        server = MailServer(account, limits=limits, tls=tls)
        try:
            server.check()
        finally:
            server.close()
    except SettingsError as error:
        return Finding("email", Verdict.FAILED, str(error))
    except DestinationUnavailableError as error:
        return Finding(
            "email", Verdict.FAILED, f"{error} If it stays so: check SMTP_HOST and SMTP_PORT."
        )
    except DestinationError as error:
        return Finding("email", Verdict.FAILED, str(error))
    if account.security is SmtpSecurity.NONE and account.username is not None:
        return Finding(
            "email",
            Verdict.WARNING,
            "The mail server answers and accepts the login, which everybody on the way can read: "
            "set SMTP_SECURITY to starttls or tls.",
        )
    login = "accepts the login" if account.username is not None else "asks for no login"
    how = "" if account.security is SmtpSecurity.NONE else ", encrypted,"
    return Finding("email", Verdict.OK, f"The mail server answers{how} and {login}.")


def diagnose_syncs(warehouse: Warehouse, declarations: Iterable[Declaration]) -> Iterator[Finding]:
    """Where each sync stands: its last run, and rows that the destination does not take."""
    for status in sync_status(warehouse, declarations, rows=0):
        yield _sync(status)


def _sync(status: SyncStatus) -> Finding:
    name, last = status.declaration.name, status.last_run
    check = f"sync {name}"
    if last is None:
        return Finding(check, Verdict.OK, "It never ran.")
    told = f"Its last run, of {last.started_at:%Y-%m-%d %H:%M} UTC, is {last.status}"
    if status.failed or status.parked:
        return Finding(
            check,
            Verdict.WARNING,
            f"{told}, and {status.failed + status.parked} rows were refused ({status.parked} of "
            f"them parked): `millrace sync status` names them, `millrace sync retry {name}` tries "
            "them again.",
        )
    if last.status.exit_code:
        return Finding(
            check, Verdict.WARNING, f"{told}: `millrace sync run {name}` goes on and says why."
        )
    return Finding(check, Verdict.OK, f"{told}.")


def _clock(answer: httpx.Response, before: datetime) -> Finding | None:
    """HubSpot's `Date` has whole seconds, cut off."""
    said = answer.headers.get("date")
    if said is None:
        return None
    return clock_finding("clock, hubspot", parsedate_to_datetime(said), before, datetime.now(UTC))

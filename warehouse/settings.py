"""Every setting that Millrace reads, typed, in one place (spec/README.md, Settings).

Values come from the environment, then from a `.env` file in the working directory, which is taken
for the project's root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from warehouse.customer_settings import CompanyFilter, read_filters, read_overrides
from warehouse.hubspot_paths import NUMBERED, HubspotPaths
from warehouse.mailboxes import mailboxes

_SLACK_WEBHOOK = re.compile(
    r"(?P<base_url>https?://[\w.:-]+)(?P<path>/services/[\w-]+/[\w-]+/[\w-]+)", re.ASCII
)


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which one and what to do."""


class Tool(StrEnum):
    """Who is going to read a database URL: each library has its own dialect prefix."""

    LIBPQ = "postgresql"
    """psql, psycopg 3, dlt, BI tools; what `millrace db url` prints."""
    SQLALCHEMY = "postgresql+psycopg"
    """SQLAlchemy 2.1 and Alembic, over psycopg 3."""


@dataclass(frozen=True, slots=True)
class YobiLogin:
    """Who reads at Yobi, and where."""

    email: str
    password: SecretStr
    base_url: str
    """Without a slash at its end."""


@dataclass(frozen=True, slots=True)
class SlackWebhook:
    """A Slack channel's incoming webhook. Whoever knows its path can post there."""

    base_url: str
    """Scheme and host, without a slash at the end."""
    path: SecretStr


class SmtpSecurity(StrEnum):
    """How the connection to a mail server is encrypted."""

    STARTTLS = "starttls"
    """It begins in the open, and goes on encrypted or not at all."""
    TLS = "tls"
    """It is encrypted from the first byte."""
    NONE = "none"
    """It is not: for a server on the same machine or network."""


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """The mail server that messages are handed to, and who hands them over."""

    host: str
    port: int
    security: SmtpSecurity
    sender: Address
    """Whom messages are from, and whom the server tells what it could not deliver."""
    username: str | None = None
    """None where the server asks for no login."""
    password: SecretStr | None = None


class Settings(BaseSettings):
    """The settings of one process. Secrets are `SecretStr`, so that they never print."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    database_url: SecretStr | None = Field(None, alias="MILLRACE_DATABASE_URL")
    """Any PostgreSQL from 14 on; unset, the embedded server in `home` is used."""
    home: Path = Field(Path(".millrace"), alias="MILLRACE_HOME")
    """Folder of the embedded server and of whatever else Millrace keeps on disk."""
    events_path: str | None = Field(None, alias="EVENTS_PATH")
    """Where event files lie: a path, a glob or an fsspec URL."""
    hubspot_access_token: SecretStr | None = Field(None, alias="HUBSPOT_ACCESS_TOKEN")
    hubspot_base_url: str = Field("https://api.hubapi.com", alias="HUBSPOT_BASE_URL")
    hubspot_api_version: str = Field(NUMBERED, alias="HUBSPOT_API_VERSION")
    """Which form of HubSpot's addresses is used: `v3`, or a dated one such as `2026-03`."""
    pipedrive_api_token: SecretStr | None = Field(None, alias="PIPEDRIVE_API_TOKEN")
    pipedrive_base_url: str = Field("https://api.pipedrive.com", alias="PIPEDRIVE_BASE_URL")
    pipedrive_daily_tokens: int = Field(30_000, alias="PIPEDRIVE_DAILY_TOKENS", ge=1)
    """API tokens that the account has in a day; the default is that of the smallest plan."""
    pipedrive_token_share: float = Field(0.5, alias="PIPEDRIVE_TOKEN_SHARE", gt=0, le=1)
    """How much of them flows of deals may use up, nightly and backfill together."""
    yobi_email: str | None = Field(None, alias="YOBI_EMAIL")
    yobi_password: SecretStr | None = Field(None, alias="YOBI_PASSWORD")
    yobi_base_url: str | None = Field(None, alias="YOBI_BASE_URL")
    """Of a private API, so that nothing stands here unless it is set."""
    internal_yobi_user_email_domains: str = Field("", alias="INTERNAL_YOBI_USER_EMAIL_DOMAINS")
    """Domains, with commas between: what users with such addresses did is not the customers'."""
    tenant_mapping_overrides_json: str = Field("", alias="TENANT_MAPPING_OVERRIDES_JSON")
    """Tenants of Yobi by HubSpot company id or domain, as a JSON object; goes before the file."""
    generic_email_domains: str = Field("", alias="GENERIC_EMAIL_DOMAINS")
    """Domains that tell of no company, with commas between, in place of those of the file."""
    hubspot_company_exclude_filters_json: str = Field(
        "", alias="HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON"
    )
    """Which companies are not ranked: a JSON list of filters, of which any is enough."""
    slack_webhook_url: SecretStr | None = Field(None, alias="SLACK_WEBHOOK_URL")
    """Of the channel that messages go to; whoever knows it can post there."""
    smtp_host: str | None = Field(None, alias="SMTP_HOST")
    smtp_port: int = Field(587, alias="SMTP_PORT", ge=1, le=65_535)
    smtp_security: SmtpSecurity = Field(SmtpSecurity.STARTTLS, alias="SMTP_SECURITY")
    smtp_username: str | None = Field(None, alias="SMTP_USERNAME")
    smtp_password: SecretStr | None = Field(None, alias="SMTP_PASSWORD")
    smtp_from: str | None = Field(None, alias="SMTP_FROM")
    """Whom messages are from: `millrace@example.com`, or `Millrace <millrace@example.com>`."""
    console_url: str | None = Field(None, alias="CONSOLE_URL")
    """Where people look at the warehouse; messages link to it."""
    job_run_cron: str = Field("0 6 * * 0", alias="JOB_RUN_CRON")
    """When customers are ranked: five fields of cron, in `job_timezone`."""
    river_run_cron: str = Field("0 3 * * *", alias="RIVER_RUN_CRON")
    """When all the rest runs, likewise."""
    job_timezone: str = Field("America/New_York", alias="JOB_TIMEZONE")
    """IANA name, such as `Europe/Vienna`."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("hubspot_base_url", "pipedrive_base_url", "yobi_base_url", "console_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url.rstrip("/")

    @field_validator("smtp_from")
    @classmethod
    def _one_mailbox(cls, text: str | None) -> str | None:
        if text is not None and len(mailboxes(text)) != 1:
            raise ValueError("must be one e-mail address")
        return text

    @field_validator("tenant_mapping_overrides_json")
    @classmethod
    def _overrides(cls, text: str) -> str:
        read_overrides(text)
        return text

    @field_validator("hubspot_company_exclude_filters_json")
    @classmethod
    def _filters(cls, text: str) -> str:
        read_filters(text)
        return text

    @field_validator("hubspot_api_version")
    @classmethod
    def _version(cls, version: str) -> str:
        return HubspotPaths(version).version

    @field_validator("job_run_cron", "river_run_cron")
    @classmethod
    def _cron(cls, schedule: str) -> str:
        # Imported late: only who sets a time of their own pays for it.
        from croniter import croniter  # type: ignore[import-untyped]  # noqa: PLC0415

        fields = schedule.split()
        if len(fields) != 5 or not croniter.is_valid(schedule):
            raise ValueError("must be five fields of cron, such as 0 3 * * * for every night at 3")
        return " ".join(fields)

    @field_validator("job_timezone")
    @classmethod
    def _iana_name(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, ZoneInfoNotFoundError):
            raise ValueError("must be an IANA name, such as Europe/Vienna") from None
        return name

    @property
    def hubspot_paths(self) -> HubspotPaths:
        """Where HubSpot's endpoints are under `hubspot_base_url`."""
        return HubspotPaths(self.hubspot_api_version)

    def require_hubspot_token(self) -> str:
        """HubSpot's private-app token.

        Raises:
            SettingsError: when `HUBSPOT_ACCESS_TOKEN` is not set.
        """
        if self.hubspot_access_token is None:
            raise SettingsError(
                "HUBSPOT_ACCESS_TOKEN is not set: put the access token of a HubSpot private app "
                "into the environment or into .env."
            )
        return self.hubspot_access_token.get_secret_value()

    def require_pipedrive_token(self) -> str:
        """Pipedrive's personal API token.

        Raises:
            SettingsError: when `PIPEDRIVE_API_TOKEN` is not set.
        """
        if self.pipedrive_api_token is None:
            raise SettingsError(
                "PIPEDRIVE_API_TOKEN is not set: put the personal API token of a Pipedrive user "
                "into the environment or into .env."
            )
        return self.pipedrive_api_token.get_secret_value()

    @property
    def internal_yobi_domains(self) -> frozenset[str]:
        """`internal_yobi_user_email_domains`, one by one and in lower case."""
        listed = self.internal_yobi_user_email_domains.lower().split(",")
        return frozenset(filter(None, (domain.strip().lstrip("@") for domain in listed)))

    @property
    def company_filters(self) -> tuple[CompanyFilter, ...]:
        """`hubspot_company_exclude_filters_json`, read."""
        return read_filters(self.hubspot_company_exclude_filters_json)

    @property
    def of_the_models(self) -> dict[str, str]:
        """What the models read of the environment, by name; `.env` may be where it stands."""
        named = {
            "JOB_TIMEZONE": self.job_timezone,
            "TENANT_MAPPING_OVERRIDES_JSON": self.tenant_mapping_overrides_json,
            "GENERIC_EMAIL_DOMAINS": self.generic_email_domains,
            "HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON": self.hubspot_company_exclude_filters_json,
        }
        return {name: value for name, value in named.items() if value}

    def require_yobi_login(self) -> YobiLogin:
        """Yobi's address, and the user who may read there.

        Raises:
            SettingsError: when one of `YOBI_EMAIL`, `YOBI_PASSWORD`, `YOBI_BASE_URL` is not set.
        """
        if self.yobi_email is None or self.yobi_password is None or self.yobi_base_url is None:
            values = {
                "YOBI_EMAIL": self.yobi_email,
                "YOBI_PASSWORD": self.yobi_password,
                "YOBI_BASE_URL": self.yobi_base_url,
            }
            missing = [name for name, value in values.items() if value is None]
            raise SettingsError(
                f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set: put the "
                "login of a Yobi administrator and the address of its API into the environment or "
                "into .env."
            )
        return YobiLogin(self.yobi_email, self.yobi_password, self.yobi_base_url)

    def require_slack_webhook(self) -> SlackWebhook:
        """The incoming webhook of the channel that messages go to.

        Raises:
            SettingsError: when `SLACK_WEBHOOK_URL` is not set, or is no such address.
        """
        if self.slack_webhook_url is None:
            raise SettingsError(
                "SLACK_WEBHOOK_URL is not set: put the URL of a Slack incoming webhook into the "
                "environment or into .env."
            )
        parts = _SLACK_WEBHOOK.fullmatch(self.slack_webhook_url.get_secret_value().strip())
        if parts is None:
            raise SettingsError(
                "SLACK_WEBHOOK_URL is not an incoming webhook, whose URL reads "
                "https://hooks.slack.com/services/ with three parts behind it: copy it again from "
                "the Slack app's page."
            )
        return SlackWebhook(parts["base_url"], SecretStr(parts["path"]))

    def require_smtp(self) -> SmtpAccount:
        """The mail server that messages are handed to.

        Raises:
            SettingsError: when `SMTP_HOST` or `SMTP_FROM` is not set, or half of a login, or a
                login that cannot be sent.
        """
        if self.smtp_host is None or self.smtp_from is None:
            values = {"SMTP_HOST": self.smtp_host, "SMTP_FROM": self.smtp_from}
            missing = [name for name, value in values.items() if value is None]
            raise SettingsError(
                f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set: put the "
                "mail server and the address that messages are from into the environment or into "
                ".env."
            )
        password = self.smtp_password.get_secret_value() if self.smtp_password else None
        if (self.smtp_username is None) != (password is None):
            raise SettingsError(
                "SMTP_USERNAME and SMTP_PASSWORD go together: set both, or neither where the mail "
                "server asks for no login."
            )
        if not f"{self.smtp_username}{password}".isascii():
            raise SettingsError(
                "SMTP_USERNAME or SMTP_PASSWORD holds characters that are not ASCII, and no login "
                "can carry them: check both."
            )
        (sender,) = mailboxes(self.smtp_from)
        return SmtpAccount(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            sender=sender,
            username=self.smtp_username,
            password=self.smtp_password,
        )


@cache
def get_settings() -> Settings:
    """The settings of this process, read once. `get_settings.cache_clear()` reads them again.

    Raises:
        SettingsError: when one is malformed; it is named, its value is not.
    """
    return read_settings()


def read_settings() -> Settings:
    """The settings as they stand at this moment.

    Raises:
        SettingsError: when one is malformed; it is named, its value is not.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(
            " ".join(
                f"{problem['loc'][0]} {problem['msg'].removeprefix('Value error, ')}."
                for problem in error.errors(include_input=False)
            )
        ) from None


def parse_database_url(url: str) -> URL:
    """A libpq URL, checked.

    Raises:
        SettingsError: when it is not a PostgreSQL URL with a host and a database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(
            "MILLRACE_DATABASE_URL is not a URL: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsError(
            f"MILLRACE_DATABASE_URL names {parsed.get_backend_name()}, "
            "but the warehouse is PostgreSQL: it must begin with postgresql://."
        )
    if not parsed.host or not parsed.database:
        raise SettingsError("MILLRACE_DATABASE_URL must name a host and a database.")
    return parsed


def url_for(tool: Tool, url: str) -> str:
    """The same database, as `tool` wants it named (with the password)."""
    return render_url(parse_database_url(url), tool)


def render_url(parsed: URL, tool: Tool = Tool.LIBPQ) -> str:
    """The URL, password included, with every part escaped as libpq wants it."""
    user = quote(parsed.username or "", safe="")
    if parsed.password is not None:
        user += f":{quote(str(parsed.password), safe='')}"
    host = f"[{parsed.host}]" if ":" in (parsed.host or "") else parsed.host
    place = f"{host}:{parsed.port}" if parsed.port else f"{host}"
    options = f"?{urlencode(parsed.query, doseq=True)}" if parsed.query else ""
    account = f"{user}@" if user else ""
    return f"{tool.value}://{account}{place}/{quote(parsed.database or '', safe='')}{options}"

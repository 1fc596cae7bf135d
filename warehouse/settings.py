"""Every setting that Millrace reads, typed, in one place (spec/README.md, Settings).

Values come from the environment, then from a `.env` file in the working directory, which is taken
for the project's root.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from warehouse.hubspot_paths import NUMBERED, HubspotPaths


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which one and what to do."""


class Tool(StrEnum):
    """Who is going to read a database URL: each library has its own dialect prefix."""

    LIBPQ = "postgresql"
    """psql, psycopg 3, dlt, BI tools; what `millrace db url` prints."""
    SQLALCHEMY = "postgresql+psycopg"
    """SQLAlchemy 2.1 and Alembic, over psycopg 3."""


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
    job_run_cron: str = Field("0 3 * * *", alias="JOB_RUN_CRON")
    """When the whole river runs: five fields of cron, in `job_timezone`."""
    job_timezone: str = Field("UTC", alias="JOB_TIMEZONE")
    """IANA name, such as `Europe/Vienna`."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("hubspot_base_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url.rstrip("/")

    @field_validator("hubspot_api_version")
    @classmethod
    def _version(cls, version: str) -> str:
        return HubspotPaths(version).version

    @field_validator("job_run_cron")
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


@cache
def get_settings() -> Settings:
    """The settings of this process, read once. `get_settings.cache_clear()` reads them again.

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

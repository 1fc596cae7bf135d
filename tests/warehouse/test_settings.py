"""Settings and the URL that each tool wants."""

from __future__ import annotations

import psycopg.conninfo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from warehouse.settings import (
    Settings,
    SettingsError,
    Tool,
    get_settings,
    render_url,
    url_for,
)

URL = "postgresql://ann:p%40ss@db.example.com:5433/gtm?sslmode=require"
URL_OBJECT = make_url("postgresql://db.example.com/gtm")


@pytest.mark.parametrize(
    ("tool", "prefix"),
    [
        (Tool.LIBPQ, "postgresql://"),
        (Tool.SQLALCHEMY, "postgresql+psycopg://"),
    ],
)
def test_each_tool_gets_the_same_database_under_its_own_prefix(tool: Tool, prefix: str) -> None:
    assert url_for(tool, URL) == URL.replace("postgresql://", prefix)
    assert url_for(tool, "postgres://a:b@h/d").startswith(prefix)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "is not a URL"),
        ("mysql://a:b@h/d", "the warehouse is PostgreSQL"),
        ("postgresql://a:b@h", "a host and a database"),
    ],
)
def test_a_wrong_url_is_refused_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        url_for(Tool.LIBPQ, url)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_user_password_and_database_survive_the_way_to_libpq(text: str) -> None:
    url = render_url(URL_OBJECT.set(username=text, password=text, database=text))
    told = psycopg.conninfo.conninfo_to_dict(url)
    assert (told["user"], told["password"], told["dbname"]) == (text, text, text)
    assert url_for(Tool.LIBPQ, url) == url


@pytest.mark.parametrize("name", ["HUBSPOT_BASE_URL", "CONSOLE_URL"])
def test_a_malformed_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "hub.example.com")
    get_settings.cache_clear()
    try:
        with pytest.raises(SettingsError, match=f"{name} must begin with http") as raised:
            get_settings()
    finally:
        get_settings.cache_clear()
    assert "hub.example.com" not in str(raised.value)


def test_secrets_do_not_print() -> None:
    settings = Settings(HUBSPOT_ACCESS_TOKEN="pat-secret", MILLRACE_DATABASE_URL=URL)
    assert "pat-secret" not in repr(settings)
    assert "p%40ss" not in repr(settings)
    assert settings.hubspot_access_token == SecretStr("pat-secret")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_DATABASE_URL", "")
    assert Settings().database_url is None


def test_a_missing_token_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    with pytest.raises(SettingsError, match="HUBSPOT_ACCESS_TOKEN is not set"):
        Settings(_env_file=None).require_hubspot_token()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("JOB_RUN_CRON", "every night", "JOB_RUN_CRON must be five fields of cron"),
        ("JOB_RUN_CRON", "0 25 * * *", "JOB_RUN_CRON must be five fields of cron"),
        ("RIVER_RUN_CRON", "every night", "RIVER_RUN_CRON must be five fields of cron"),
        ("JOB_RUN_CRON", "0 0 3 * * *", "JOB_RUN_CRON must be five fields of cron"),
        ("HUBSPOT_API_VERSION", "v2", "HUBSPOT_API_VERSION must be v3, or a year and a month"),
        ("HUBSPOT_API_VERSION", "2026-13", "HUBSPOT_API_VERSION must be v3, or a year and"),
        ("JOB_TIMEZONE", "Vienna", "JOB_TIMEZONE must be an IANA name"),
        ("JOB_TIMEZONE", "../zone", "JOB_TIMEZONE must be an IANA name"),
        ("TENANT_MAPPING_OVERRIDES_JSON", '["1"]', "must be a JSON object of tenant ids"),
        ("TENANT_MAPPING_OVERRIDES_JSON", '{"1": null}', "must be a JSON object of tenant ids"),
        ("HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON", "{}", "must be a JSON list of"),
        (
            "HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON",
            '[{"property": "plan", "operator": "IN"}]',
            "IN needs values",
        ),
        (
            "HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON",
            '[{"property": "plan", "operator": "LIKE", "value": "x"}]',
            "0.operator",
        ),
    ],
)
def test_a_value_that_nothing_can_run_with_is_refused(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        with pytest.raises(SettingsError, match=sentence):
            get_settings()
    finally:
        get_settings.cache_clear()

"""The dialect lint finds what it is for, and the models are clean."""

from pathlib import Path

import pytest

from tests.lint.dialect import find_dialect, lint


@pytest.mark.parametrize(
    "sql",
    [
        "select a::text",
        "select a at time zone 'UTC'",
        "select distinct on (a) a",
        "select a + interval '1 day'",
        "select data ->> 'a'",
        "select data ? 'a'",
        "with recursive a as (select 1)",
        "select now()",
        "select current_date",
        "from generate_series(1, 2)",
    ],
)
def test_each_dialect_is_found(sql: str) -> None:
    assert [finding.place for finding in find_dialect(f"-- first\n{sql}", "a.sql")] == ["a.sql:2"]


def test_comments_strings_and_jinja_are_not_spoken() -> None:
    sql = "-- a::b\nselect '::', {{ json_text('data', 'a') }} {# now() #} as x"
    assert list(find_dialect(sql, "a.sql")) == []


def test_the_models_speak_no_dialect() -> None:
    assert lint(Path.cwd()) == []

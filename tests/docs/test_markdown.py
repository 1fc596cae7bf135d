"""Every link, path, setting and command in Markdown leads somewhere."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from dbt.cli.main import cli as dbt_cli

from cli.main import app
from tests.docs.markdown import Told, commands, headings, links, markdown_files, paths, words
from warehouse.settings import Settings

ROOT = Path.cwd()
FILES = markdown_files(ROOT)
MADE_BY_COMMANDS = (
    ".millrace",
    ".venv",
    ".venv-spark",
    "target",
    "profiles.yml",
    "run_results.json",
)
ELSEWHERE = {
    "source",
    "cd",
    "kill",
    "psql",
    "git",
    "export",
    "curl",
    "cp",
    "open",
    "sed",
    "sleep",
    "cat",
}
"""Programs of the system that a reader has, and the shell's own words."""
TOOLS = {"python", "pytest", "ruff", "mypy", "sqlfluff", "dagster", "pre-commit"}
"""Programs that the lock installs, and that are not ours to check."""


@pytest.mark.parametrize("file", FILES, ids=str)
def test_links_lead_to_files_and_headings(file: Path) -> None:
    broken = []
    for link in links(ROOT, file):
        target, _, anchor = link.text.partition("#")
        path = ROOT / file.parent / target
        if not path.exists() or (anchor and anchor not in headings(path)):
            broken.append(str(link))
    assert broken == []


@pytest.mark.parametrize("file", FILES, ids=str)
def test_paths_exist(file: Path) -> None:
    assert [str(path) for path in paths(ROOT, file) if not _exists(path)] == []


@pytest.mark.parametrize("file", FILES, ids=str)
def test_commands_can_be_run_as_they_are_written(file: Path) -> None:
    problems = [
        f"{command}: {problem}"
        for command in commands(ROOT, file)
        for call in words(command.text)
        if (problem := _problem(call)) is not None
    ]
    assert problems == []


def test_settings_that_are_named_exist() -> None:
    known = {field.alias for field in Settings.model_fields.values()} | {"MILLRACE_API_SPECS"}
    named = {
        (str(file), name)
        for file in FILES
        for name in re.findall(
            r"`((?:MILLRACE|HUBSPOT|PIPEDRIVE|YOBI|INTERCOM|SLACK|SMTP|JOB|EVENTS)_[A-Z_]+)`",
            (ROOT / file).read_text(),
        )
    }
    assert {name for _, name in named} - known == set()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("millrace sync run NAME --dry-run", None),
        ("millrace sync walk NAME", "no command walk"),
        ("millrace sync run NAME --wet-run", "no option --wet-run"),
        ("make demo && make tea", "no target tea"),
        (".venv/bin/dbt build --select core", None),
        (".venv-spark/bin/dbt build --target spark", None),
        (".venv/bin/dbt brew", "no command brew"),
        ("python -m simulators.hubspot --port 1", None),
        ("python -m simulators.nothing", "no module simulators.nothing"),
        ("brew install", "no program brew"),
    ],
)
def test_a_wrong_command_is_found(command: str, problem: str | None) -> None:
    problems = [found for call in words(command) if (found := _problem(call)) is not None]
    assert problems == ([problem] if problem else [])


def _exists(told: Told) -> bool:
    name = told.text.rstrip("/")
    if name.split("/")[0] in MADE_BY_COMMANDS:
        return True
    here = ROOT / told.file.parent
    places = [here / name, ROOT / name, *here.glob(f"**/{name}")]
    return any(place.exists() for place in places)


def _problem(call: Sequence[str]) -> str | None:
    """Why a program cannot be called so; None when it can."""
    call = [word for word in call if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if not call:
        return None
    program, *arguments = call
    match re.sub(r"^\.venv(-spark)?/bin/", "", program):
        case "make":
            targets = set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text()))
            missing = [word for word in arguments if "=" not in word and word not in targets]
            problem = f"no target {missing[0]}" if missing else None
        case "millrace":
            problem = _command_problem(typer.main.get_command(app), arguments)
        case "dbt":
            problem = _command_problem(dbt_cli, arguments)
        case "python" if arguments[:1] == ["-m"]:
            found = importlib.util.find_spec(arguments[1]) is not None
            problem = None if found else f"no module {arguments[1]}"
        case known if known in TOOLS | ELSEWHERE:
            problem = None
        case unknown:
            problem = f"no program {unknown}"
    return problem


def _command_problem(command: Any, arguments: Sequence[str]) -> str | None:
    """Follow the groups of a click command (typer brings a click of its own) to the options."""
    rest = list(arguments)
    known = {"--help", "-h"} | _options(command)
    while hasattr(command, "commands") and rest:
        word = rest.pop(0)
        if word.startswith("-"):
            continue
        if "<" in word:  # for the reader to fill in
            return None
        if word not in command.commands:
            return f"no command {word}"
        command = command.commands[word]
        known |= _options(command)
    options = [word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    return next((f"no option {option}" for option in options if option not in known), None)


def _options(command: Any) -> set[str]:
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }

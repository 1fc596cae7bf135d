"""What a Markdown file tells its reader to open or to run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_NOT_OURS = {
    ".venv",
    ".venv-spark",
    ".git",
    ".millrace",
    "target",
    "logs",
    ".pytest_cache",
    ".mypy_cache",
}
_SHELLS = {"sh", "bash", "console"}
_PLACEHOLDER = re.compile(r"[<>{}*…]|\.\.\.|\b[A-Z]{3,}\b")
_PATH = re.compile(r"(?!\.\w+$)\.?[\w-][\w.-]*(/[\w.-]+)*/?")  # a bare ending is no path
_EXTENSIONS = ("py", "sql", "yml", "yaml", "csv", "md", "toml", "json", "lock", "jsonl")


@dataclass(frozen=True)
class Told:
    """One thing that a file tells, and where."""

    file: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def markdown_files(root: Path) -> list[Path]:
    """The project's Markdown files, relative to its root."""
    return sorted(
        path.relative_to(root)
        for path in root.rglob("*.md")
        if not _NOT_OURS & set(path.relative_to(root).parts)
    )


def links(root: Path, file: Path) -> Iterator[Told]:
    """Targets of links to other files."""
    for token, line in _inline_tokens(root / file):
        if token.type == "link_open":
            target = str(token.attrGet("href"))
            if not re.match(r"[a-z]+:|#", target):
                yield Told(file, line, target)


def paths(root: Path, file: Path) -> Iterator[Told]:
    """Files and folders that are named in code style."""
    for told in _code(root, file):
        name = told.text
        is_path = _PATH.fullmatch(name) and ("/" in name or name.endswith(_dotted(_EXTENSIONS)))
        if is_path and not _PLACEHOLDER.search(name):
            yield told


def commands(root: Path, file: Path) -> Iterator[Told]:
    """Command lines: those of fenced shell blocks, and those in code style that call our tools."""
    for token in _parsed(root / file):
        if token.type == "fence" and token.info.strip() in _SHELLS and token.map is not None:
            yield from _lines_of(file, token.map[0] + 2, token.content)
    for told in _code(root, file):
        if re.match(r"(millrace|make|dbt|\.venv/bin/\w+|python -m) \w", told.text):
            yield told


def words(command: str) -> Sequence[Sequence[str]]:
    """A command line taken apart: one sequence of words for each program that it calls."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    calls: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;"):
            calls.append([])
        else:
            calls[-1].append(word)
    return [call for call in calls if call]


def headings(path: Path) -> set[str]:
    """Anchors of a file's headings, as code hosts make them."""
    tokens = _parsed(path)
    texts = (
        following.content for token, following in pairwise(tokens) if token.type == "heading_open"
    )
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def _lines_of(file: Path, first: int, block: str) -> Iterator[Told]:
    command, begun = "", first
    for number, line in enumerate(block.splitlines(), start=first):
        if not command:
            begun = number
        command += line.removeprefix("$ ").removesuffix("\\") + " "
        if not line.endswith("\\"):
            if command.strip() and not command.lstrip().startswith("#"):
                yield Told(file, begun, command.strip())
            command = ""


def _code(root: Path, file: Path) -> Iterator[Told]:
    for token, line in _inline_tokens(root / file):
        if token.type == "code_inline":
            yield Told(file, line, token.content.strip())


def _inline_tokens(path: Path) -> Iterator[tuple[Token, int]]:
    for token in _parsed(path):
        if token.type == "inline" and token.map is not None:
            for child in token.children or ():
                yield child, token.map[0] + 1


def _parsed(path: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(path.read_text())


def _dotted(extensions: Sequence[str]) -> tuple[str, ...]:
    return tuple(f".{extension}" for extension in extensions)

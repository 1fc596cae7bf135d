"""The contract for those who send events: a JSON Schema and a table, made from its classes.

`make event-contract` writes both to `docs/`. The schema describes an event that the contract takes
as it is: without a note, text trimmed. What is beyond JSON Schema is only in `contract.read_event`:
how far ahead an event may lie, and how long a text may be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ingestion.events import company, people, web_and_mobile
from ingestion.events.contract import EVENT_TYPES, Envelope
from ingestion.events.fields import EventData, Fields

SCHEMA_FILE = Path("docs/event-contract.schema.json")
TABLE_FILE = Path("docs/event-contract.md")

_GROUPS: Mapping[str, ModuleType] = {
    "Web and mobile": web_and_mobile,
    "Company": company,
    "People": people,
}
_BLANK = {"type": "string", "pattern": r"^\s*$"}
"""Blank text is the same as null."""
_NOT_BLANK = {"pattern": r"\S"}


def json_schema() -> dict[str, Any]:
    """The contract as a JSON Schema (draft 2020-12) of one event."""
    envelope = _object(Envelope)
    envelope["properties"]["event_type"] = {"enum": list(EVENT_TYPES)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event as Millrace takes it",
        **envelope,
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"event_type": {"const": name}}},
                "then": {"properties": {"data": {"$ref": f"#/$defs/{name}"}}},
            }
            for name in EVENT_TYPES
        ],
        "$defs": {
            name: {"description": _description(kind), **_object(kind)}
            for name, kind in EVENT_TYPES.items()
        },
    }


def markdown() -> str:
    """The types with their fields, for people."""
    return "\n".join(_markdown_lines())


def _object(kind: type[Fields]) -> dict[str, Any]:
    published = kind.model_json_schema()["properties"]
    properties = {
        name: _field(published[name], is_required=field.is_required())
        for name, field in kind.model_fields.items()
    }
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    return {"type": "object", "required": required, "properties": properties}


def _field(published: Mapping[str, Any], *, is_required: bool) -> dict[str, Any]:
    if is_required:
        field = _plain(published)
        has_any_text = "string" in field["type"] and not {"enum", "format"} & field.keys()
        return field | _NOT_BLANK if has_any_text else field
    kinds = [_plain(each) for each in published["anyOf"] if each != {"type": "null"}]
    return {"anyOf": [*kinds, {"type": "null"}, _BLANK]}


def _plain(published: Mapping[str, Any]) -> dict[str, Any]:
    """What pydantic says of a value, without names that it has made up."""
    # It would take numbers in quotes for a Decimal; the contract does not.
    numbers = [each for each in published.get("anyOf", []) if each["type"] == "number"]
    if numbers:
        return _plain(numbers[0])
    told = {"type", "format", "enum", "const", "minimum", "maxLength"}
    return {key: value for key, value in published.items() if key in told}


def _markdown_lines() -> Iterator[str]:
    yield "# The event contract"
    yield ""
    yield "Made from the classes in `ingestion/events/` by `make event-contract`; as a JSON Schema:"
    yield f"[{SCHEMA_FILE.name}]({SCHEMA_FILE.name}). What becomes of values that do not fit is"
    yield "said in `ingestion/events/fields.py`. `?` marks a field that may be absent or null."
    for title, module in _GROUPS.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| type | meaning | fields of `data` |"
        yield "|---|---|---|"
        for name, kind in EVENT_TYPES.items():
            if kind.__module__ == module.__name__:
                yield f"| `{name}` | {_description(kind)} | {', '.join(_fields(kind))} |"
    yield ""


def _fields(kind: type[EventData]) -> Iterator[str]:
    properties = _object(kind)["properties"]
    for name, field in kind.model_fields.items():
        told = properties[name] if field.is_required() else properties[name]["anyOf"][0]
        yield f"{name}{'' if field.is_required() else '?'} ({_kind_of_value(told)})"


def _kind_of_value(told: Mapping[str, Any]) -> str:
    if "enum" in told:
        return ", ".join(f"`{choice}`" for choice in told["enum"])
    if "format" in told:
        return {"date-time": "timestamp with offset", "date": "date"}[told["format"]]
    words = {"string": "text", "number": "number", "boolean": "true or false"}
    types = told["type"] if isinstance(told["type"], list) else [told["type"]]
    minimum = f", at least {told['minimum']:g}" if "minimum" in told else ""
    return " or ".join(words[each] for each in types) + minimum


def _description(kind: type[EventData]) -> str:
    return " ".join((kind.__doc__ or "").split())


def main() -> None:
    """Write both files, in the project's root."""
    schema = json.dumps(json_schema(), indent=2)
    SCHEMA_FILE.write_text(f"{schema}\n", encoding="utf-8")
    TABLE_FILE.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()

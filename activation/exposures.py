"""The syncs as exposures of the dbt project: what outside of it relies on which model.

spec/activation.md, "Declared, not coded": a dbt exposure is generated from each YAML. Run `make
exposures` after a change to a file in `activation/syncs`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from activation.declaration import Declaration, load_declarations

EXPOSURES_FILE = Path("models/activation/exposures.yml")
OWNER: Mapping[str, str] = {"name": "Operators of Millrace", "email": "operators@example.com"}
"""Whom to ask; put your own team here."""

_HEADING = "# Made of activation/syncs by `make exposures`; change the files there.\n"


class _Indented(yaml.SafeDumper):
    """YAML as people write it: items of a list stand below its name, further in."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def exposures_yaml(declarations: Iterable[Declaration]) -> str:
    """The text of dbt's file, an exposure for each sync in the order given."""
    content = {"version": 2, "exposures": [_exposure(each) for each in declarations]}
    text = yaml.dump(content, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=100)
    return _HEADING + text


def _exposure(declaration: Declaration) -> dict[str, Any]:
    relations = filter(None, [declaration.source, declaration.blockers])
    return {
        "name": declaration.name,
        "label": f"Sync {declaration.name}",
        "type": "application",
        "maturity": "high",
        "description": _description(declaration),
        "depends_on": [f"ref('{model}')" for _, model in relations],
        "owner": dict(OWNER),
        "config": {
            "meta": {
                "destination": declaration.destination,
                "object": declaration.object,
                "mode": str(declaration.mode),
                "policy": str(declaration.policy),
                "key": declaration.key,
            }
        },
    }


def _description(declaration: Declaration) -> str:
    fields = ", ".join(f"{field.property} ({field.column})" for field in declaration.fields)
    return (
        f"{declaration.description} "
        f"To {declaration.destination}, {declaration.object}; property (column): {fields}."
    )


def main() -> None:
    """Write the file anew, in the project of the working directory."""
    EXPOSURES_FILE.write_text(exposures_yaml(load_declarations().values()), encoding="utf-8")


if __name__ == "__main__":
    main()

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from activation import (
    find_declaration,
    load_declaration,
    load_declarations,
    read_back_properties,
)
from activation.declaration import Policy, WhenNull
from activation.errors import DeclarationError, ExitCode, UnknownSyncError
from tests.activation.source import JOURNEY

GOOD = JOURNEY.model_dump(mode="json", exclude={"guards"})


def written(folder: Path, **changes: Any) -> Path:
    path = folder / f"{JOURNEY.name}.yml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}))
    return path


def test_the_journey_sync_is_declared_as_the_specification_says() -> None:
    assert JOURNEY.source == ("activation", "sync_hubspot_company__journey")
    assert JOURNEY.policy is Policy.ROW_BY_ROW
    assert {field.column: field.property for field in JOURNEY.fields} == {
        "sales_account_manager": "salesaccountmanager",
        "customer_success_manager": "customersuccessmanager",
        "account_manager": "account_manager",
        "cs_stage": "cs_stage",
        "hubspot_owner_id": "hubspot_owner_id",
    }
    assert {field.when_null for field in JOURNEY.fields} == {WhenNull.SKIP}


def test_every_declared_sync_is_found_by_its_name() -> None:
    for name, declaration in load_declarations().items():
        assert find_declaration(name) == declaration


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownSyncError, match="hubspot_company__journey") as caught:
        find_declaration("hubspot_company__jorney")
    assert caught.value.exit_code is ExitCode.WRONG_USE


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"batch_size": "many"}, "batch_size: Input should be a valid integer"),
        ({"batch_size": 101}, "batch_size: hubspot takes at most 100 rows"),
        ({"batch_size": 0}, "batch_size: .*greater than or equal to 1"),
        ({"mode": "append"}, "mode: hubspot takes mirror, upsert"),
        ({"destination": "hubspt"}, "destination: must be one of email, hubspot, slack"),
        ({"object": "deal"}, "object: hubspot takes company, contact, not 'deal'"),
        ({"policy": "some"}, "policy: "),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"fields": []}, "fields: "),
        ({"fields": [{"column": "a"}]}, r"fields\.0\.property: Field required"),
        (
            {"fields": [{"column": "a", "property": "p", "when_null": "wipe"}]},
            r"fields\.0\.when_null: ",
        ),
        (
            {"fields": [{"column": "a", "property": "p"}, {"column": "b", "property": "p"}]},
            "the property p is there twice",
        ),
        (
            {"fields": [{"column": "hubspot_company_id", "property": "p"}]},
            "the column hubspot_company_id is there twice",
        ),
        ({"guards": {"max_changed_share": 1.5}}, r"guards\.max_changed_share: "),
        ({"name": "journey"}, "name: must be hubspot_company__<purpose>"),
        ({"name": f"hubspot_company__{'x' * 40}"}, "name: .*at most 56 characters"),
        (
            {
                "fields": [
                    {"column": "a", "property": "p", "is_personal": True, "when_null": "keep"}
                ]
            },
            "fields: the personal p cannot be kept",
        ),
        ({"blocked_by": "publication_blockers"}, "blocked_by: String should match"),
        ({"blocked_by": "a.b; drop table c"}, "blocked_by: String should match"),
        (
            {"fields": [{"column": "a", "property": "p", "optional": True}]},
            "fields: at least one must not be optional",
        ),
        (
            {"fields": [{"column": "a", "property": "p", "accepts": ["number"]}]},
            r"fields\.0: accepts: must include text",
        ),
        (
            {"fields": [{"column": "a", "property": "p", "options": ["x"]}]},
            r"fields\.0: options: only what is or accepts choice, choices",
        ),
        (
            {"fields": [{"column": "a", "property": "p", "kind": "choice", "options": ["x", "x"]}]},
            r"fields\.0: options: one of them is there twice",
        ),
        ({"name": "hubspot_company__other"}, "name: must be hubspot_company__journey"),
    ],
)
def test_a_wrong_file_is_answered_with_its_name_and_the_field(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(DeclarationError, match=complaint) as caught:
        load_declaration(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.exit_code is ExitCode.WRONG_USE


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: [", "is not YAML near line"),
        ("just words", "must be a mapping"),
        ("", "must be a mapping"),
    ],
)
def test_a_file_that_is_no_mapping_is_answered_with_its_name(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "hubspot_company__journey.yml"
    path.write_text(text)
    with pytest.raises(DeclarationError, match=complaint):
        load_declaration(path)


def test_a_missing_file_is_answered_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be read"):
        load_declaration(tmp_path / "hubspot_company__none.yml")


def test_what_syncs_write_is_known_by_the_table_in_which_it_lands(tmp_path: Path) -> None:
    assert read_back_properties("hubspot", tmp_path) == {}
    score = {"column": "score", "property": "score"}
    for name, kind in {"a": "company", "b": "company", "c": "contact"}.items():
        sync = f"hubspot_{kind}__{name}"
        fields = [{"column": "name", "property": f"name_{name}"}]
        if name != "b":
            fields.append(score)
        content = {**GOOD, "name": sync, "object": kind, "fields": fields}
        (tmp_path / f"{sync}.yml").write_text(yaml.safe_dump(content))
    assert read_back_properties("hubspot", tmp_path) == {
        "companies": {"name_a", "name_b", "score"},
        "contacts": {"name_c", "score"},
    }


def test_everything_that_the_journey_writes_is_read_back() -> None:
    assert set(JOURNEY.properties) <= read_back_properties("hubspot")["companies"]


def test_two_syncs_cannot_write_the_same_property_of_the_same_records(tmp_path: Path) -> None:
    written(tmp_path)
    other = f"{JOURNEY.name}_too"
    (tmp_path / f"{other}.yml").write_text(yaml.safe_dump({**GOOD, "name": other}))
    with pytest.raises(DeclarationError, match="both write account_manager, cs_stage") as caught:
        load_declarations(tmp_path)
    assert f"{JOURNEY.name} and {other}" in str(caught.value)


def test_a_message_cannot_do_without_what_its_destination_needs(tmp_path: Path) -> None:
    content = find_declaration("slack_alerts").model_dump(mode="json")
    text, blocks = ({"column": name, "property": name} for name in ("text", "blocks"))
    path = tmp_path / "slack_alerts.yml"
    path.write_text(yaml.safe_dump({**content, "fields": [{**text, "optional": True}, blocks]}))
    with pytest.raises(DeclarationError, match="slack needs text, not optionally"):
        load_declaration(path)


def test_two_syncs_may_send_messages_of_the_same_kind(tmp_path: Path) -> None:
    for name in ("slack_alerts", "slack_more"):
        content = find_declaration("slack_alerts").model_dump(mode="json")
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump({**content, "name": name}))
    assert list(load_declarations(tmp_path)) == ["slack_alerts", "slack_more"]

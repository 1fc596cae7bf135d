"""Every sync is an exposure of the dbt project, and the committed file is the present one."""

from __future__ import annotations

import yaml

from activation import load_declarations
from activation.exposures import EXPOSURES_FILE, exposures_yaml
from tests.activation.source import declared


def test_the_committed_file_is_what_the_syncs_say() -> None:
    committed = EXPOSURES_FILE.read_text(encoding="utf-8")
    assert committed == exposures_yaml(load_declarations().values()), "run `make exposures`"


def test_an_exposure_names_the_model_the_destination_and_every_property() -> None:
    sync = declared()
    (exposure,) = yaml.safe_load(exposures_yaml([sync]))["exposures"]
    assert exposure["name"] == sync.name
    assert exposure["depends_on"] == ["ref('sync_hubspot_company__journey')"]
    assert exposure["config"]["meta"] == {
        "destination": "hubspot",
        "object": "company",
        "mode": "upsert",
        "policy": "row_by_row",
        "key": "hubspot_company_id",
    }
    for field in sync.fields:
        assert f"{field.property} ({field.column})" in exposure["description"]


def test_an_exposure_relies_on_what_can_hold_its_sync_up() -> None:
    (exposure,) = yaml.safe_load(exposures_yaml([declared(blocked_by="a.publication_blockers")]))[
        "exposures"
    ]
    assert exposure["depends_on"] == [
        "ref('sync_hubspot_company__journey')",
        "ref('publication_blockers')",
    ]

"""What Pipedrive answers: records and pages as JSON, in the ways of v2 and of v1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from simulators.pipedrive.records import (
    CustomField,
    Deal,
    FlowItem,
    Organization,
    Person,
    Pipeline,
    Stage,
    User,
)
from simulators.pipedrive.timestamps import format_v1, format_v2

Json = dict[str, Any]

TIME_ZONE = "Australia/Sydney"
COMPANY_ID = 7_001
"""Of the account itself."""


def single_json(data: Json) -> Json:
    """One record, in either version."""
    return {"success": True, "data": data}


def page_json(data: list[Json], next_cursor: str | None) -> Json:
    """A page of v2."""
    return {"success": True, "data": data, "additional_data": {"next_cursor": next_cursor}}


def deal_json(deal: Deal) -> Json:
    """One deal of v2."""
    return {
        "id": deal.id,
        "title": deal.title,
        "owner_id": deal.owner_id,
        "person_id": deal.person_id,
        "org_id": deal.org_id,
        "pipeline_id": deal.pipeline_id,
        "stage_id": deal.stage_id,
        "value": deal.value,
        "currency": deal.currency,
        "add_time": format_v2(deal.add_time),
        "update_time": format_v2(deal.update_time),
        "stage_change_time": _optional(deal.stage_change_time),
        "status": deal.shown_status.value,
        "is_archived": deal.is_archived,
        "is_deleted": deal.is_deleted,
        "probability": None,
        "lost_reason": deal.lost_reason,
        "visible_to": 3,
        "close_time": _optional(deal.close_time),
        "won_time": _optional(deal.won_time),
        "lost_time": _optional(deal.lost_time),
        "expected_close_date": None,
        "label_ids": [],
        "origin": "ManuallyCreated",
        "custom_fields": dict(deal.custom_fields),
    }


def pipeline_json(pipeline: Pipeline) -> Json:
    """One pipeline of v2."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "order_nr": pipeline.order_nr,
        "is_deleted": pipeline.is_deleted,
        "is_deal_probability_enabled": True,
        "add_time": format_v2(pipeline.add_time),
        "update_time": format_v2(pipeline.update_time),
    }


def stage_json(stage: Stage) -> Json:
    """One stage of v2."""
    return {
        "id": stage.id,
        "order_nr": stage.order_nr,
        "name": stage.name,
        "is_deleted": stage.is_deleted,
        "deal_probability": 100,
        "pipeline_id": stage.pipeline_id,
        "is_deal_rot_enabled": False,
        "days_to_rotten": None,
        "add_time": format_v2(stage.add_time),
        "update_time": format_v2(stage.update_time),
    }


def organization_json(organization: Organization) -> Json:
    """One organization of v2."""
    return {
        "id": organization.id,
        "name": organization.name,
        "owner_id": organization.owner_id,
        "add_time": format_v2(organization.add_time),
        "update_time": format_v2(organization.update_time),
        "is_deleted": organization.is_deleted,
        "visible_to": 3,
        "label_ids": [],
        "website": organization.website,
        "custom_fields": dict(organization.custom_fields),
    }


def person_json(person: Person) -> Json:
    """One person of v2. Without an organization it has no `org_id`: none is described as null."""
    answer: Json = {
        "id": person.id,
        "name": person.name,
        "owner_id": person.owner_id,
        "add_time": format_v2(person.add_time),
        "update_time": format_v2(person.update_time),
        "is_deleted": person.is_deleted,
        "visible_to": 3,
        "label_ids": [],
        "emails": (
            []
            if person.email is None
            else [{"value": person.email, "primary": True, "label": "work"}]
        ),
        "phones": [],
        "custom_fields": {},
    }
    return answer if person.org_id is None else {**answer, "org_id": person.org_id}


def field_json(field: CustomField) -> Json:
    """One custom field of v2."""
    return {
        "field_name": field.name,
        "field_code": field.code,
        "field_type": field.type,
        "is_custom_field": True,
        "is_optional_response_field": False,
        "options": None,
        "subfields": None,
    }


def user_json(user: User) -> Json:
    """One user of v1."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "active_flag": user.is_active,
        "activated": True,
        "is_deleted": not user.is_active,
        "is_you": False,
        "created": format_v1(user.created),
        "modified": format_v1(user.modified),
        "last_login": format_v1(user.modified),
        "default_currency": "AUD",
        "locale": "en_AU",
        "lang": 1,
        "role_id": 1,
        "timezone_name": TIME_ZONE,
        "timezone_offset": "+10:00",
        "has_created_company": False,
        "icon_url": None,
        "phone": None,
        "access": [{"app": "sales", "admin": False, "permission_set_id": "sales-regular"}],
    }


def current_user_json(user: User) -> Json:
    """The user whose token it is, with the account."""
    return {
        **user_json(user),
        "is_you": True,
        "company_id": COMPANY_ID,
        "company_name": "Example account",
        "company_domain": "example",
        "company_country": "AU",
        "company_industry": "software",
        "language": {"language_code": "en", "country_code": "AU"},
    }


def flow_page_json(
    deal: Deal, items: Sequence[FlowItem], *, start: int, limit: int, has_more: bool, nested: bool
) -> Json:
    """A page of a deal's flow.

    How pages follow each other stands in `additional_data`, as the description has it, or, when
    `nested`, in `additional_data.pagination` and with `next_start`, as v1 is seen to answer.
    """
    paging: Json = {"start": start, "limit": limit, "more_items_in_collection": has_more}
    if nested:
        paging = {"pagination": {**paging, **({"next_start": start + limit} if has_more else {})}}
    return {
        "success": True,
        "data": [flow_item_json(item) for item in items],
        "additional_data": paging,
        "related_objects": {
            "deal": {
                "DEAL_ID": {
                    "id": deal.id,
                    "title": deal.title,
                    "status": deal.shown_status.value,
                    "value": deal.value,
                    "currency": deal.currency,
                    "stage_id": deal.stage_id,
                    "pipeline_id": deal.pipeline_id,
                }
            }
        },
    }


def flow_item_json(item: FlowItem) -> Json:
    """One item of a deal's flow."""
    at = format_v1(item.at)
    if item.object != "dealChange":
        content: Json = {"id": item.id, "deal_id": item.deal_id, "add_time": at}
    else:
        content = {
            "id": item.id,
            "item_id": item.deal_id,
            "user_id": item.user_id,
            "field_key": item.field_key,
            "old_value": item.old_value,
            "new_value": item.new_value,
            "is_bulk_update_flag": None,
            "log_time": at,
            "change_source": "app",
            "change_source_user_agent": None,
            "origin": "app",
            "additional_data": {},
        }
    return {"object": item.object, "timestamp": at, "data": content}


def _optional(instant: datetime | None) -> str | None:
    return None if instant is None else format_v2(instant)

"""Associations: `/crm/v4/associations/{from}/{to}/batch/read`, for contacts and companies."""

from __future__ import annotations

from itertools import islice

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.calls import call_of
from simulators.faults import FaultPlan
from simulators.hubspot.answers import BatchProblem, Json, batch_response, page_json
from simulators.hubspot.associations import ANY_TYPE, PRIMARY_TYPE, Association
from simulators.hubspot.bodies import AssociationRead, AssociationReadInput, parse
from simulators.hubspot.errors import invalid_request
from simulators.hubspot.object_types import COMPANIES, CONTACTS
from simulators.hubspot.state import HubspotState

ASSOCIATIONS_PATH = "/crm/v4/associations"

_NONE_FOUND = "crm.associations.NO_ASSOCIATIONS_FOUND"


class AssociationRoutes:
    """The endpoint of associations, on one state."""

    def __init__(self, state: HubspotState, faults: FaultPlan, page_size: int) -> None:
        """Give `page_size` companies of one contact at once."""
        self._state = state
        self._faults = faults
        self._page_size = page_size

    def routes(self) -> list[Route]:
        """For the application's routing table."""
        path = f"{ASSOCIATIONS_PATH}/{{from_type}}/{{to_type}}/batch/read"
        return [Route(path, self.batch_read, methods=["POST"])]

    async def batch_read(self, request: Request) -> Response:
        """The companies of up to 1,000 contacts.

        A contact without a company is no result: it is named in `errors`, in a 207, as HubSpot has
        it, and so is one that does not exist. An archived company is not seen.
        """
        types = (request.path_params["from_type"], request.path_params["to_type"])
        if types != (CONTACTS.name, COMPANIES.name):
            raise invalid_request(f"There are no associations from {types[0]} to {types[1]} here.")
        wanted = parse(AssociationRead, await request.body())
        record_ids = [one.id for one in wanted.inputs]
        refusals = self._faults.refusals(request.method, request.url.path, record_ids)
        if refusals:
            call_of(request.scope).fault = "refuse"
        refused = {refusal.record_id: refusal.message for refusal in refusals}
        results: list[Json] = []
        problems: list[BatchProblem] = []
        with self._state.lock:
            for one in wanted.inputs:
                if one.id in refused:
                    problems.append(_problem("INTERNAL_ERROR", refused[one.id], one.id))
                    continue
                answer = self._read(one)
                if isinstance(answer, BatchProblem):
                    problems.append(answer)
                else:
                    results.append({"from": {"id": one.id}, **answer})
            now = self._state.now()
        return batch_response(results, problems, now=now)

    def _read(self, wanted: AssociationReadInput) -> Json | BatchProblem:
        """A page of one contact's companies."""
        contact = self._state.tables[CONTACTS.name].get(wanted.id)
        if contact is None or contact.is_archived:
            return _problem("OBJECT_NOT_FOUND", f"There is no contact {wanted.id}.", wanted.id)
        after = wanted.after or "0"
        if not (after.isascii() and after.isdigit()):
            raise invalid_request(f"after must be what the page before gave, not {after}.")
        following = (
            association
            for association in self._state.associations.of(wanted.id)
            if int(association.company_id) > int(after) and self._is_in_use(association.company_id)
        )
        page = list(islice(following, self._page_size))
        if not page and wanted.after is None:
            return _problem(
                "OBJECT_NOT_FOUND",
                f"No company is associated with contact {wanted.id}.",
                wanted.id,
                sub_category=_NONE_FOUND,
            )
        has_more = next(following, None) is not None
        answer = page_json(
            [_association_json(association) for association in page],
            after=page[-1].company_id if has_more else None,
            path=f"/crm/v3/objects/{CONTACTS.name}/{wanted.id}/associations/{COMPANIES.name}",
            query={},
        )
        return {"to": answer.pop("results"), **answer}

    def _is_in_use(self, company_id: str) -> bool:
        company = self._state.tables[COMPANIES.name].get(company_id)
        return company is not None and not company.is_archived


def _association_json(association: Association) -> Json:
    types: list[Json] = [{"category": "HUBSPOT_DEFINED", "typeId": ANY_TYPE, "label": None}]
    if association.is_primary:
        types.insert(0, {"category": "HUBSPOT_DEFINED", "typeId": PRIMARY_TYPE, "label": "Primary"})
    return {"toObjectId": association.company_id, "associationTypes": types}


def _problem(
    category: str, message: str, contact_id: str, *, sub_category: str | None = None
) -> BatchProblem:
    return BatchProblem(
        category,
        message,
        sub_category=sub_category,
        context={
            "fromObjectId": [contact_id],
            "fromObjectType": ["contact"],
            "toObjectType": ["company"],
        },
    )

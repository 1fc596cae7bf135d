"""Associations: `/crm/v4/associations/{from}/{to}/batch/read`."""

from __future__ import annotations

from itertools import islice

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.calls import call_of
from simulators.faults import FaultPlan
from simulators.hubspot.answers import BatchProblem, Json, batch_response, page_json
from simulators.hubspot.associations import Association, AssociationKind, Associations
from simulators.hubspot.bodies import AssociationRead, AssociationReadInput, parse
from simulators.hubspot.errors import invalid_request
from simulators.hubspot.paths import ASSOCIATIONS_PATH, OBJECTS_PATH
from simulators.hubspot.state import HubspotState

_NONE_FOUND = "crm.associations.NO_ASSOCIATIONS_FOUND"


class AssociationRoutes:
    """The endpoint of associations, on one state."""

    def __init__(self, state: HubspotState, faults: FaultPlan, page_size: int) -> None:
        """Give `page_size` associations of one record at once."""
        self._state = state
        self._faults = faults
        self._page_size = page_size

    def routes(self) -> list[Route]:
        """For the application's routing table."""
        path = f"{ASSOCIATIONS_PATH}/{{from_type}}/{{to_type}}/batch/read"
        return [Route(path, self.batch_read, methods=["POST"])]

    async def batch_read(self, request: Request) -> Response:
        """The associations of up to 1,000 records, such as the companies of contacts.

        A record without one is no result: it is named in `errors`, in a 207, as HubSpot has it, and
        so is one that does not exist. An archived record on the other side is not seen.
        """
        types = (request.path_params["from_type"], request.path_params["to_type"])
        associations = self._state.associations.get(types)
        if associations is None:
            raise invalid_request(f"There are no associations from {types[0]} to {types[1]} here.")
        wanted = parse(AssociationRead, await request.body())
        record_ids = [one.id for one in wanted.inputs]
        refusals = self._faults.refusals(request.method, call_of(request.scope).path, record_ids)
        if refusals:
            call_of(request.scope).fault = "refuse"
        refused = {refusal.record_id: refusal.message for refusal in refusals}
        results: list[Json] = []
        problems: list[BatchProblem] = []
        with self._state.lock:
            for one in wanted.inputs:
                if one.id in refused:
                    problem = _problem(associations.kind, "INTERNAL_ERROR", refused[one.id], one.id)
                    problems.append(problem)
                    continue
                answer = self._read(associations, one)
                if isinstance(answer, BatchProblem):
                    problems.append(answer)
                else:
                    results.append({"from": {"id": one.id}, **answer})
            now = self._state.now()
        return batch_response(results, problems, now=now)

    def _read(
        self, associations: Associations, wanted: AssociationReadInput
    ) -> Json | BatchProblem:
        """A page of one record's associations."""
        kind = associations.kind
        from_name, to_name = kind.from_type.singular.lower(), kind.to_type.singular.lower()
        record = self._state.tables[kind.from_type.name].get(wanted.id)
        if record is None or record.is_archived:
            message = f"There is no {from_name} {wanted.id}."
            return _problem(kind, "OBJECT_NOT_FOUND", message, wanted.id)
        after = wanted.after or "0"
        if not (after.isascii() and after.isdigit()):
            raise invalid_request(f"after must be what the page before gave, not {after}.")
        following = (
            association
            for association in associations.of(wanted.id)
            if int(association.to_id) > int(after) and self._is_in_use(kind, association.to_id)
        )
        page = list(islice(following, self._page_size))
        if not page and wanted.after is None:
            return _problem(
                kind,
                "OBJECT_NOT_FOUND",
                f"No {to_name} is associated with {from_name} {wanted.id}.",
                wanted.id,
                sub_category=_NONE_FOUND,
            )
        has_more = next(following, None) is not None
        answer = page_json(
            [_association_json(kind, association) for association in page],
            after=page[-1].to_id if has_more else None,
            path=f"{OBJECTS_PATH}/{kind.from_type.name}/{wanted.id}/associations/{kind.to_type.name}",
            query={},
        )
        return {"to": answer.pop("results"), **answer}

    def _is_in_use(self, kind: AssociationKind, record_id: str) -> bool:
        record = self._state.tables[kind.to_type.name].get(record_id)
        return record is not None and not record.is_archived


def _association_json(kind: AssociationKind, association: Association) -> Json:
    types: list[Json] = [{"category": "HUBSPOT_DEFINED", "typeId": kind.any_type, "label": None}]
    if association.is_primary and kind.primary_type is not None:
        types.insert(
            0, {"category": "HUBSPOT_DEFINED", "typeId": kind.primary_type, "label": "Primary"}
        )
    return {"toObjectId": association.to_id, "associationTypes": types}


def _problem(
    kind: AssociationKind,
    category: str,
    message: str,
    from_id: str,
    *,
    sub_category: str | None = None,
) -> BatchProblem:
    return BatchProblem(
        category,
        message,
        sub_category=sub_category,
        context={
            "fromObjectId": [from_id],
            "fromObjectType": [kind.from_type.singular.lower()],
            "toObjectType": [kind.to_type.singular.lower()],
        },
    )

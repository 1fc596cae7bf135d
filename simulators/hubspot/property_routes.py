"""Property definitions and groups: `/crm/v3/properties/{objectType}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.hubspot.answers import groups_json, property_json
from simulators.hubspot.bodies import OptionInput, PropertyCreate, PropertyUpdate, parse
from simulators.hubspot.errors import HubspotError, invalid_request, not_found
from simulators.hubspot.object_routes import table_of
from simulators.hubspot.paths import PROPERTIES_PATH
from simulators.hubspot.properties import PropertyDefinition, PropertyOption
from simulators.hubspot.queries import flag
from simulators.hubspot.state import HubspotState
from simulators.hubspot.tables import ObjectTable


class PropertyRoutes:
    """The endpoints of property definitions, on one state."""

    def __init__(self, state: HubspotState) -> None:
        """Read and change the definitions of `state`."""
        self._state = state

    def routes(self) -> list[Route]:
        """For the application's routing table."""
        base = f"{PROPERTIES_PATH}/{{object_type}}"
        return [
            Route(base, self.list_all, methods=["GET"]),
            Route(base, self.create, methods=["POST"]),
            Route(f"{base}/groups", self.list_groups, methods=["GET"]),
            Route(f"{base}/{{name}}", self.read, methods=["GET"]),
            Route(f"{base}/{{name}}", self.update, methods=["PATCH"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """Every definition of an object type; no paging. Properties are never archived here."""
        archived = flag(request.query_params, "archived")
        with self._state.lock:
            definitions = [] if archived else list(self._table(request).definitions.values())
        return JSONResponse({"results": [property_json(one) for one in definitions]})

    async def list_groups(self, request: Request) -> Response:
        """Every group of an object type."""
        with self._state.lock:
            groups = list(self._table(request).groups.values())
        return JSONResponse(groups_json(groups))

    async def read(self, request: Request) -> Response:
        """One definition."""
        with self._state.lock:
            return JSONResponse(property_json(self._definition(request)))

    async def create(self, request: Request) -> Response:
        """A new property."""
        wanted = parse(PropertyCreate, await request.body())
        with self._state.lock:
            table = self._table(request)
            if wanted.name in table.definitions:
                raise HubspotError(
                    400, "OBJECT_ALREADY_EXISTS", f"Property named {wanted.name} already exists."
                )
            now = self._state.now()
            definition = PropertyDefinition(
                name=wanted.name,
                label=wanted.label,
                type=wanted.type,
                field_type=wanted.field_type,
                group_name=wanted.group_name,
                description=wanted.description,
                options=_options(wanted.options),
                display_order=wanted.display_order,
                hidden=wanted.hidden,
                form_field=wanted.form_field,
                has_unique_value=wanted.has_unique_value,
                created_at=now,
                updated_at=now,
            )
            table.define(definition)
        return JSONResponse(property_json(definition), 201)

    async def update(self, request: Request) -> Response:
        """Change a definition.

        Options given are the complete list: those left out are removed, while records keep the
        values they have.
        """
        wanted = parse(PropertyUpdate, await request.body())
        changes = wanted.model_dump(exclude_none=True, exclude={"options"})
        with self._state.lock:
            old = self._definition(request)
            if changes and old.read_only_definition:
                raise invalid_request(f"The definition of {old.name} is read only.")
            if wanted.options is not None:
                if old.refers_to_owners:
                    raise invalid_request(f"The options of {old.name} are read only.")
                changes["options"] = _options(wanted.options)
            definition = replace(old, **changes, updated_at=self._state.now())
            self._table(request).define(definition)
        return JSONResponse(property_json(definition))

    def _table(self, request: Request) -> ObjectTable:
        return table_of(self._state, request.path_params["object_type"])

    def _definition(self, request: Request) -> PropertyDefinition:
        definition = self._table(request).definitions.get(request.path_params["name"])
        if definition is None or flag(request.query_params, "archived"):
            raise not_found(f"Property named {request.path_params['name']} does not exist.")
        return definition


def _options(inputs: Sequence[OptionInput]) -> tuple[PropertyOption, ...]:
    return tuple(
        PropertyOption(
            label=option.label,
            value=option.value,
            display_order=option.display_order,
            hidden=option.hidden,
            description=option.description,
        )
        for option in inputs
    )

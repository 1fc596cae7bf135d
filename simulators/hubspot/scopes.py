"""Which scope of a private app a request needs."""

from __future__ import annotations


def needed_scopes(method: str, path: str) -> frozenset[str]:
    """The scopes without which HubSpot answers 403; none for a path that does not exist."""
    match path.strip("/").split("/"):
        case ["crm", _, "objects", object_type, *rest]:
            is_read = method == "GET" or rest in (["search"], ["batch", "read"])
            return frozenset({f"crm.objects.{object_type}.{'read' if is_read else 'write'}"})
        case ["crm", _, "properties", object_type, *_]:
            return frozenset(
                {f"crm.schemas.{object_type}.{'read' if method == 'GET' else 'write'}"}
            )
        case ["crm", _, "owners", *_]:
            return frozenset({"crm.objects.owners.read"})
        case ["crm", _, "associations", *object_types, "batch", "read"]:
            return frozenset(f"crm.objects.{name}.read" for name in object_types)
        case _:
            return frozenset()

"""Making the properties that a sync writes and its destination does not have.

spec/activation.md, Declared, not coded: `millrace sync setup NAME` creates missing ones after
asking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from activation.declaration import Declaration, FieldDeclaration
from activation.errors import DestinationError
from activation.writers.base import NewProperty, Writer


def missing_properties(declaration: Declaration, writer: Writer) -> tuple[NewProperty, ...]:
    """The properties of a sync that its destination lacks, as they would be made; in its order.

    Optional ones are among them, and those of a closed list get the options that are declared.

    Args:
        declaration: the sync. A field without a label is labelled with its property's name in
            words: `millrace_first_touch_at` becomes `Millrace first touch at`.
        writer: asked once; nothing is changed.

    Raises:
        DestinationError: when the destination refuses or cannot be used.
    """
    described = writer.describe(declaration.properties)
    return tuple(
        NewProperty(each.property, each.label or _in_words(each), each.kind, each.options)
        for each in declaration.fields
        if each.property not in described
    )


def create_properties(
    wanted: Sequence[NewProperty],
    writer: Writer,
    on_created: Callable[[NewProperty], None] = lambda _: None,
) -> None:
    """Make properties, one after the other. Running it again makes what is still missing.

    When the destination does not say that it made one, it is asked whether there is one now: the
    answer may have been lost, or somebody else may have been faster.

    Args:
        wanted: properties that the destination did not have a moment ago.
        writer: of the record that they belong to.
        on_created: called with each that is there.

    Raises:
        DestinationError: when one could not be made; those before it are there.
    """
    for each in wanted:
        try:
            writer.create_property(each)
        except DestinationError:
            if each.name not in writer.describe([each.name]):
                raise
        on_created(each)


def _in_words(field: FieldDeclaration) -> str:
    return field.property.replace("_", " ").strip().capitalize()

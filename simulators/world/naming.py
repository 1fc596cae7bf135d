"""Invented names, domains and addresses. Every domain lies under example.com."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, product
from random import Random

_ADJECTIVES = (
    "Amber", "Brisk", "Calm", "Chalk", "Cobalt", "Copper", "Coral", "Crisp", "Dusky", "Early",
    "Fallow", "Gentle", "Golden", "Green", "Hollow", "Ivory", "Keen", "Linen", "Lofty", "Mellow",
    "Misty", "Mossy", "Narrow", "Nimble", "Northern", "Ochre", "Pale", "Plain", "Quiet", "Rustic",
    "Pebbled", "Silver", "Slate", "Steady", "Sunny", "Tidy", "Upland", "Velvet", "Western", "Windy",
)  # fmt: skip
_THINGS = (
    "Anvil", "Arbor", "Barley", "Beacon", "Bellows", "Brook", "Causeway", "Cistern", "Crock",
    "Dovecote", "Ferry", "Furrow", "Gable", "Granary", "Hayloft", "Hearth", "Jetty", "Kiln",
    "Ladle", "Latch", "Lathe", "Meadow", "Orchard", "Paddock", "Plough", "Quarry", "Rafter",
    "Rivet", "Sawmill", "Sluice", "Spindle", "Tannery", "Thatch", "Thimble", "Trellis", "Trowel",
    "Turnstile", "Wharf", "Windmill", "Workbench",
)  # fmt: skip
_TRADES = (
    "Bakery", "Builders", "Care", "Catering", "Cleaning", "Clinics", "Couriers", "Dental",
    "Electric", "Fitness", "Foods", "Gardens", "Hotels", "Landscaping", "Logistics", "Painters",
    "Plumbing", "Retail", "Roofing", "Schools", "Security", "Services", "Staffing", "Transport",
)  # fmt: skip
_FIRST_NAMES = (
    "Alder", "Aspen", "Bay", "Birch", "Briar", "Cedar", "Clover", "Fern", "Flint", "Hazel",
    "Heath", "Juniper", "Laurel", "Linden", "Maple", "Reed", "River", "Rowan", "Sage", "Wren",
)  # fmt: skip
_LAST_NAMES = (
    "Ashbank", "Barrowfield", "Coppergate", "Dalebrook", "Elmsworth", "Fernhollow", "Greywater",
    "Highmeadow", "Ironwood", "Kestrelcroft", "Longfurrow", "Millstream", "Oakfen", "Quarryside",
    "Ridgeway", "Stonebarn", "Thornacre", "Underhill", "Westmarsh", "Yarrowfield",
)  # fmt: skip


def names(stream: Random) -> Iterator[tuple[str, str]]:
    """Names with their domains, e.g. (`Quiet Kiln Catering`, `quiet-kiln.example.com`).

    No domain comes twice, however many are taken.
    """
    pairs = list(product(_ADJECTIVES, _THINGS))
    stream.shuffle(pairs)
    for lap in count(1):
        suffix = "" if lap == 1 else f"-{lap}"
        for adjective, thing in pairs:
            name = f"{adjective} {thing} {stream.choice(_TRADES)}"
            yield name, f"{adjective}-{thing}{suffix}.example.com".lower()


def draw_mailbox(stream: Random, domain: str) -> str:
    """An address at which a company of this domain reads mail."""
    return f"{stream.choice(('hello', 'info', 'office', 'owner', 'team', 'admin'))}@{domain}"


def draw_person(stream: Random) -> tuple[str, str]:
    """A first and a last name that nobody has."""
    return stream.choice(_FIRST_NAMES), stream.choice(_LAST_NAMES)


def draw_client_id(stream: Random) -> str:
    """A browser's id, as an analytics cookie holds it."""
    return f"{stream.randrange(10**8, 10**10)}.{stream.randrange(1_740_000_000, 1_774_000_000)}"

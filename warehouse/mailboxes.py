"""E-mail addresses as people write them: `ada@example.com`, `Ada <ada@example.com>`, several."""

from __future__ import annotations

from email.headerregistry import Address
from email.policy import SMTP
from typing import Any


def mailboxes(text: str) -> tuple[Address, ...]:
    """The addresses in a text, which has commas between them; at least one, each once, in order.

    They are read by the rules of RFC 5322. Names may have any characters, addresses only those of
    ASCII, since not every mail server takes others; and a domain has a dot in it.

    Raises:
        ValueError: when it is anything else; the message quotes nothing.
    """
    if not text.isprintable():
        raise ValueError("must be one line of e-mail addresses")
    try:
        header: Any = SMTP.header_factory("To", text)
        addresses: tuple[Address, ...] = header.addresses
    except Exception:  # the library's parser stumbles over some wrong texts with errors of any kind
        addresses = ()
    else:
        if header.defects or any(group.display_name for group in header.groups):
            addresses = ()
    if not addresses or not all(map(_is_deliverable, addresses)):
        raise ValueError("must be e-mail addresses with commas between them")
    found: dict[str, Address] = {}
    for address in addresses:
        found.setdefault(address.addr_spec, address)
    return tuple(found.values())


def _is_deliverable(address: Address) -> bool:
    return bool(address.username) and address.addr_spec.isascii() and "." in address.domain

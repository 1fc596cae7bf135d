"""Which texts are e-mail addresses."""

from __future__ import annotations

import pytest

from warehouse.mailboxes import mailboxes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada@example.com", ["ada@example.com"]),
        ("Ada Example <ada@example.com>", ["Ada Example <ada@example.com>"]),
        ('"Example, Ada" <ada@example.com>', ['"Example, Ada" <ada@example.com>']),
        ("ada@example.com,bob@example.com", ["ada@example.com", "bob@example.com"]),
        ("Ada <a@example.com>, a@example.com", ["Ada <a@example.com>"]),
    ],
)
def test_addresses_are_found_each_once_with_their_names(text: str, found: list[str]) -> None:
    assert [str(each) for each in mailboxes(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "quaint",
        "quaint@localhost",
        "quaint@example..com",
        "quäint@example.com",
        "quaint@exämple.com",
        "a@example.com quaint@example.com",
        "a@example.com; quaint@example.com",
        "friends: quaint@example.com;",
        "<>",
        " .;",
        "a@example.com\r\nBcc: quaint@example.com",
        "a@example.com\tquaint",
        "=?utf-8?q?a=0aBcc:?= <quaint@example.com>",
    ],
)
def test_what_is_no_address_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        mailboxes(text)
    assert "quaint" not in str(caught.value)

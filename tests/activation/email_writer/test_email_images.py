"""Pictures that travel with a message and are shown in its HTML."""

from __future__ import annotations

import base64
import json

import pytest

from simulators.smtp import MailSimulator
from tests.activation.email_writer.conftest import Post, row, write

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
HTML = '<p>Größe</p><img src="cid:a"><img src="cid:b.2">'


def image(cid: str = "a", file: bytes = PNG, **more: str) -> dict[str, str]:
    return {"cid": cid, "png": base64.b64encode(file).decode(), **more}


def test_pictures_go_beside_the_html_that_shows_them(post: Post) -> None:
    images = json.dumps([image(), image("b.2", PNG + b"b")])

    result = write(post.writer(), row(html=HTML, images=images))

    (kept,) = post.mailbox.messages
    plain, related = kept.message.iter_parts()
    page, *pictures = related.iter_parts()
    assert kept.message.get_content_type() == "multipart/alternative"
    assert (plain.get_content_type(), related.get_content_type()) == (
        "text/plain",
        "multipart/related",
    )
    assert page.get_content().rstrip() == HTML
    assert [(each["Content-ID"], each.get_content()) for each in pictures] == [
        ("<a>", PNG),
        ("<b.2>", PNG + b"b"),
    ]
    assert {each.get_content_type() for each in pictures} == {"image/png"}
    assert {each.get_content_disposition() for each in pictures} == {"inline"}
    assert kept.raw.isascii()
    assert result.request_id == write(post.writer(), row(html=HTML)).request_id


@pytest.mark.parametrize("images", [None, "", "[]"])
def test_a_page_without_pictures_stays_as_it_is(post: Post, images: str | None) -> None:
    write(post.writer(), row(html="<p>a</p>", images=images))

    (kept,) = post.mailbox.messages
    assert [each.get_content_type() for each in kept.message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize(
    ("html", "images", "reason"),
    [
        (HTML, json.dumps([image()]), None),
        (HTML, "quaint", "images: the value is not JSON of a list of pictures"),
        (HTML, json.dumps(image()), "images: the value is not JSON of a list of pictures"),
        (HTML, json.dumps([image(alt="quaint")]), "images: the value is not JSON"),
        (HTML, json.dumps([image(file=b"quaint")]), "images: the value is not JSON"),
        (HTML, json.dumps([{"cid": "a", "png": "quaint!"}]), "images: the value is not JSON"),
        (HTML, json.dumps([image("a>\r\nquaint: b")]), "images: the value is not JSON"),
        (HTML, json.dumps([image("a"), image("a")]), "images: two pictures have the same cid"),
        (HTML, json.dumps([image("b")]), "images: the html does not show every picture"),
        (None, json.dumps([image()]), "images: the html does not show every picture"),
    ],
)
def test_what_is_no_picture_of_the_page_is_told_without_quoting_it(
    html: str | None, images: str, reason: str | None
) -> None:
    misfit = Post(MailSimulator(), port=1).writer().misfit(row(html=html, images=images))

    assert (misfit or "").startswith(reason or "")
    assert (misfit is None) == (reason is None)
    assert "quaint" not in (misfit or "")

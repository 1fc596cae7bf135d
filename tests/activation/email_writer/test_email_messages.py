"""What the e-mail writer hands to a mail server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation.declaration import Declaration
from activation.writers.base import Outcome, Repeating, RowRequest, ValueKind
from simulators.smtp import MailSimulator, Mishap, Stage
from tests.activation.email_writer.conftest import ADA, BOB, EVE, ROW, Post, row, write


def test_a_message_says_from_whom_to_whom_when_and_that_no_person_wrote_it(post: Post) -> None:
    result = write(post.writer())

    (kept,) = post.mailbox.messages
    headers = {name: str(value) for name, value in kept.message.items()}
    assert (result.key, result.outcome, result.message) == (ROW.key, Outcome.WRITTEN, None)
    assert (kept.sender, kept.recipients) == ("millrace@mail.example.com", (ADA,))
    assert headers.pop("Message-ID") == result.request_id
    assert headers == {
        "From": "Millrace <millrace@mail.example.com>",
        "To": ADA,
        "Subject": "Two tiers moved",
        "Date": "Mon, 16 Mar 2026 06:30:00 +0000",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert kept.message.get_content().rstrip() == "Quiet Harbour is in tier 1."


@pytest.mark.parametrize("text", ["Größe\nzwei\n", ".\n..\n.a\n", "a" * 5000, "a\r\nb\rc", "\n"])
def test_every_text_arrives_as_it_is_and_fits_every_server(post: Post, text: str) -> None:
    write(post.writer(), row(text=text + "end", subject="Größe 🌊"))

    (kept,) = post.mailbox.messages
    assert kept.message.get_content().splitlines() == (text + "end").splitlines()
    assert kept.message["Subject"] == "Größe 🌊"
    assert kept.raw.isascii()
    assert all(len(line) <= 998 for line in kept.raw.split(b"\r\n"))


def test_html_goes_beside_the_text(post: Post) -> None:
    write(post.writer(), row(html="<p>Quiet <b>Harbour</b></p>"))

    (kept,) = post.mailbox.messages
    plain, rich = kept.message.iter_parts()
    assert kept.message.get_content_type() == "multipart/alternative"
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert rich.get_content().rstrip() == "<p>Quiet <b>Harbour</b></p>"


def test_several_recipients_get_one_message_each_once(post: Post) -> None:
    write(post.writer(), row(to=f"Zoë <{ADA}>, {BOB},{ADA}"))

    (kept,) = post.mailbox.messages
    assert kept.recipients == (ADA, BOB)
    assert kept.message["To"] == f"Zoë <{ADA}>, {BOB}"
    assert post.mailbox.handed_over == 1


def test_a_repeat_is_known_by_its_message_id_and_other_messages_are_not(post: Post) -> None:
    first = write(post.writer()).request_id
    others = [
        write(post.writer(), RowRequest("another key", ROW.values)).request_id,
        write(post.writer(), RowRequest(ROW.key, {**ROW.values, "to": BOB})).request_id,
        write(post.writer(), RowRequest(ROW.key, {**ROW.values, "subject": "b"})).request_id,
    ]

    assert write(post.writer()).request_id == first
    assert len({first, *others}) == 4
    assert first is not None
    assert first.endswith("@mail.example.com>")
    assert ROW.key not in first
    assert ADA not in first


def test_a_run_uses_one_connection_and_another_when_the_server_has_hung_up(post: Post) -> None:
    writer = post.writer()
    write(writer, row(subject="a"))
    write(writer, row(subject="b"))
    assert post.mailbox.connections == 1

    post.simulator.hang_up()
    assert write(writer, row(subject="c")).outcome is Outcome.WRITTEN

    assert post.mailbox.connections == 2
    assert (writer.usage.calls, writer.usage.retries, post.pauses) == (3, 0, [])


def test_every_message_that_was_handed_over_is_a_call(post: Post) -> None:
    post.simulator.mishaps.add(
        Mishap(Stage.MESSAGE, "451 4.3.0 Not now", times=1),
        Mishap(Stage.MESSAGE, "554 5.7.1 No", times=1),
        Mishap(Stage.RCPT, "550 5.1.1 Nobody", address=EVE),
    )
    writer = post.writer()
    for to in (ADA, BOB, EVE):
        write(writer, row(to=to))

    assert writer.usage.calls == writer.usage.write_calls == post.mailbox.handed_over == 3
    assert writer.usage.retries == 1


def test_what_a_message_is_made_of_is_known_without_asking(post: Post) -> None:
    writer = post.writer()

    described = writer.describe(["to", "subject", "text", "html", "cc"])

    assert set(described) == {"to", "subject", "text", "html"}
    assert {each.kind for each in described.values()} == {ValueKind.TEXT}
    assert described["subject"].max_length == 998
    assert writer.repeating is Repeating.ASK
    assert post.mailbox.connections == 0


# What does not fit


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"to": f"Ada <{ADA}>, {BOB}"}, None),
        ({"to": ", ".join(f"a{number}@example.com" for number in range(100))}, None),
        ({"subject": "Größe 👩‍🚀 10\u00a0%"}, None),
        ({"to": None}, "to: a message needs it"),
        ({"to": " "}, "to: a message needs it"),
        ({"subject": ""}, "subject: a message needs it"),
        ({"text": "", "html": "<p>a</p>"}, "text: a message needs it"),
        ({"subject": "quaint\r\nBcc: eve@example.com"}, "subject: the value is not one line"),
        ({"subject": "quaint\nmore"}, "subject: the value is not one line"),
        ({"subject": "quaint\u2028more"}, "subject: the value is not one line"),
        ({"subject": "quaint\0more"}, "subject: the value is not one line"),
        ({"to": f"{ADA}\r\nBcc: {EVE}"}, "to: the value must be one line"),
        ({"to": f"{ADA}\u2028{EVE}"}, "to: the value must be one line"),
        ({"to": f"=?utf-8?q?quaint=0aBcc:?= <{EVE}>"}, "to: the value must be e-mail"),
        ({"to": f"{ADA} {BOB}"}, "to: the value must be e-mail"),
        ({"to": f"{ADA}; {BOB}"}, "to: the value must be e-mail"),
        ({"to": "quaint"}, "to: the value must be e-mail"),
        ({"to": "quaint@localhost"}, "to: the value must be e-mail"),
        ({"to": "quaint@example..com"}, "to: the value must be e-mail"),
        ({"to": "quäint@example.com"}, "to: the value must be e-mail"),
        ({"to": f"quaint: {ADA};"}, "to: the value must be e-mail"),
        ({"to": ", ".join(f"a{number}@example.com" for number in range(101))}, "to: the value has"),
    ],
)
def test_what_is_no_message_is_told_without_quoting_it(
    post: Post, values: dict[str, str | None], reason: str | None
) -> None:
    misfit = post.writer().misfit(row(**values))

    assert (misfit or "").startswith(reason or "")
    assert (misfit is None) == (reason is None)
    assert "quaint" not in (misfit or "")


ANYTHING = st.text(st.sampled_from("a@.,;:<>\"' =?\r\n\0\u2028äbB()[]\\-_"), max_size=40)
ALMOST = st.builds("{} <ada@example.com>{}".format, ANYTHING, st.just("") | ANYTHING)
NOBODYS = Post(MailSimulator(), port=1).writer()


@given(to=ANYTHING | ALMOST, subject=ANYTHING)
def test_no_address_and_no_subject_can_add_a_header(to: str, subject: str) -> None:
    writer = NOBODYS
    sent = row(to=to, subject=subject)
    if writer.misfit(sent) is None:
        head = writer.composed(sent).as_bytes().partition(b"\r\n\r\n")[0]
        names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
        assert sorted(names) == sorted(
            b"From To Subject Date Message-ID Auto-Submitted Content-Type MIME-Version "
            b"Content-Transfer-Encoding".split()
        )


def test_a_declaration_names_all_that_a_message_needs_and_its_address_is_personal() -> None:
    fields = [{"column": f"a_{name}", "property": name} for name in ("to", "subject", "text")]
    said = {
        "name": "email_summary",
        "description": "A summary.",
        "destination": "email",
        "object": "message",
        "mode": "message",
        "key": "week",
        "policy": "row_by_row",
        "batch_size": 1,
        "fields": fields,
    }
    assert Declaration.model_validate(said).personal == {"to"}
    with pytest.raises(ValueError, match="email needs the property to"):
        Declaration.model_validate({**said, "fields": fields[1:]})
    with pytest.raises(ValueError, match="email takes message"):
        Declaration.model_validate({**said, "mode": "append"})

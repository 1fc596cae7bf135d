"""What the e-mail writer hands to a mail server, and what it makes of its answers."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from activation.declaration import Declaration
from activation.errors import (
    DestinationError,
    DestinationRefusedError,
    DestinationUnavailableError,
    NoAnswerError,
)
from activation.writers import DESTINATIONS
from activation.writers.base import Outcome, Repeating, RowRequest, RowResult, ValueKind
from activation.writers.email import EmailWriter, open_email
from activation.writers.email_server import MailServer
from activation.writers.limits import EMAIL, EmailLimits
from simulators.smtp import MailSimulator, Mishap, Security, Stage, make_certificate
from warehouse.mailboxes import mailboxes
from warehouse.settings import Settings, SettingsError, SmtpAccount, SmtpSecurity, get_settings

NOW = datetime(2026, 3, 16, 6, 30, tzinfo=UTC)
ADA, BOB, EVE = "ada.quaint@example.com", "bob@example.com", "eve@example.com"
PRIVATE = "what nobody else may read"
ROW = RowRequest(
    "2026-W12", {"to": ADA, "subject": "Two tiers moved", "text": "Quiet Harbour is in tier 1."}
)
CERTIFICATE = make_certificate()


class Post:
    """A mail server, and what writes to it."""

    def __init__(self, simulator: MailSimulator, port: int) -> None:
        self.simulator = simulator
        self.mailbox = simulator.mailbox
        self.port = port
        self.pauses: list[float] = []
        self._stack = ExitStack()

    def account(self, **changes: object) -> SmtpAccount:
        (sender,) = mailboxes("Millrace <millrace@mail.example.com>")
        plain = SmtpAccount("127.0.0.1", self.port, SmtpSecurity.NONE, sender)
        return replace(plain, **changes)  # type: ignore[arg-type]

    def server(
        self,
        account: SmtpAccount | None = None,
        limits: EmailLimits = EMAIL,
        tls: ssl.SSLContext = CERTIFICATE.client,
    ) -> MailServer:
        server = MailServer(
            account or self.account(), limits=limits, tls=tls, sleep=self.pauses.append
        )
        self._stack.callback(server.close)
        return server

    def writer(
        self,
        account: SmtpAccount | None = None,
        limits: EmailLimits = EMAIL,
        tls: ssl.SSLContext = CERTIFICATE.client,
    ) -> EmailWriter:
        return EmailWriter(self.server(account, limits, tls), clock=lambda: NOW)

    def close(self) -> None:
        self._stack.close()


@contextmanager
def served(simulator: MailSimulator) -> Iterator[Post]:
    with simulator.serving() as place:
        post = Post(simulator, place.port)
        try:
            yield post
        finally:
            post.close()


@pytest.fixture
def post() -> Iterator[Post]:
    with served(MailSimulator()) as post:
        yield post


def row(**values: str | None) -> RowRequest:
    return RowRequest("k", {**ROW.values, **values})


def write(writer: EmailWriter, sent: RowRequest = ROW) -> RowResult:
    (result,) = writer.write([sent])
    return result


# What is handed over


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


# What the server refuses


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        (Stage.RCPT, f"550 5.1.1 <{ADA}>: no mailbox ada.quaint here"),
        (Stage.DATA, f"554 5.5.1 no mailbox for {ADA}"),
        (Stage.MESSAGE, "554 5.7.1 no mailbox ADA.QUAINT takes this"),
        (Stage.MAIL, "552 5.3.4 no mailbox is that big"),
    ],
)
def test_a_message_that_the_server_does_not_take_is_a_failed_row_with_its_words(
    post: Post, stage: Stage, reply: str
) -> None:
    post.simulator.mishaps.add(Mishap(stage, reply, times=1))
    writer = post.writer()

    result = write(writer)

    assert result.outcome is Outcome.FAILED
    assert result.message is not None
    assert result.message.startswith(f"The mail server does not take the message: {reply[:9]}")
    assert "no mailbox" in result.message
    assert "quaint" not in result.message.lower()
    assert writer.usage.retries == 0
    assert write(writer).outcome is Outcome.WRITTEN
    assert post.mailbox.connections == 1


def test_a_recipient_that_is_refused_does_not_keep_the_message_from_the_others(post: Post) -> None:
    post.simulator.mishaps.add(Mishap(Stage.RCPT, f"550 5.1.1 No {EVE}", address=EVE))

    result = write(post.writer(), row(to=f"{EVE}, {ADA}, {BOB}"))

    assert result.outcome is Outcome.WRITTEN
    assert result.message == "1 of 3 recipients was refused: 550 5.1.1 No (address)"
    assert [kept.recipients for kept in post.mailbox.messages] == [(ADA, BOB)]


def test_a_message_that_no_recipient_takes_is_a_failed_row(post: Post) -> None:
    post.simulator.mishaps.add(Mishap(Stage.RCPT, "550 5.1.1 Nobody"))

    result = write(post.writer(), row(to=f"{EVE}, {ADA}"))

    assert (result.outcome, result.message) == (
        Outcome.FAILED,
        "The mail server does not take the message: 550 5.1.1 Nobody",
    )
    assert post.mailbox.handed_over == 0


def test_a_message_that_is_bigger_than_the_server_says_it_takes_is_not_handed_over() -> None:
    with served(MailSimulator(size_limit=2000)) as post:
        result = write(post.writer(), row(text="a" * 3000))
    assert result.outcome is Outcome.FAILED
    assert "552" in (result.message or "")
    assert post.mailbox.handed_over == 0


@pytest.mark.parametrize(
    ("stage", "reply", "advice"),
    [
        (Stage.MAIL, "553 5.7.1 Not you", r"takes no messages from this sender.*check SMTP_FROM"),
        (Stage.MAIL, "530 5.7.0 Who are you", "set SMTP_USERNAME and SMTP_PASSWORD"),
        (Stage.RCPT, "530 5.7.0 Who are you", "set SMTP_USERNAME and SMTP_PASSWORD"),
    ],
)
def test_what_is_wrong_with_us_ends_the_run_and_says_what_to_do(
    post: Post, stage: Stage, reply: str, advice: str
) -> None:
    post.simulator.mishaps.add(Mishap(stage, reply))
    with pytest.raises(DestinationRefusedError, match=advice) as caught:
        write(post.writer())
    assert not caught.value.may_have_arrived
    assert post.pauses == []


# What is tried again


@pytest.mark.parametrize(
    "stage", [Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.MESSAGE], ids=str
)
@pytest.mark.parametrize("reply", ["451 4.7.1 Greylisted", "421 4.3.2 Closing"])
def test_what_is_refused_for_now_is_tried_again(post: Post, stage: Stage, reply: str) -> None:
    post.simulator.mishaps.add(Mishap(stage, reply, times=2 if stage is not Stage.EHLO else 1))
    writer = post.writer()

    assert write(writer).outcome is Outcome.WRITTEN

    assert len(post.mailbox.messages) == 1
    assert writer.usage.retries == len(post.pauses)


def test_the_pauses_double_with_some_jitter_and_the_run_ends(post: Post) -> None:
    post.simulator.mishaps.add(Mishap(Stage.RCPT, "451 4.7.1 Greylisted"))

    with pytest.raises(DestinationUnavailableError, match=r"451 4\.7\.1 Greylisted") as caught:
        write(post.writer())

    assert not caught.value.may_have_arrived
    assert "Run the sync again later" in str(caught.value)
    for pause, least in zip(post.pauses, (1, 2, 4, 8, 16), strict=True):
        assert least <= pause <= least + 1


@pytest.mark.parametrize("stage", [Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA], ids=str)
def test_a_connection_that_breaks_before_the_messages_end_is_made_again(
    post: Post, stage: Stage
) -> None:
    post.simulator.mishaps.add(Mishap(stage, times=1))
    writer = post.writer()

    assert write(writer).outcome is Outcome.WRITTEN

    assert len(post.mailbox.messages) == 1
    assert (writer.usage.calls, writer.usage.retries) == (1, 1)
    assert post.mailbox.connections == 2


def test_a_server_that_answers_too_late_before_the_messages_end_is_asked_again(post: Post) -> None:
    post.simulator.mishaps.add(Mishap(Stage.RCPT, "250 OK", delay=30, times=1))
    writer = post.writer(limits=replace(EMAIL, answer_timeout=1.0))

    assert write(writer).outcome is Outcome.WRITTEN

    assert len(post.mailbox.messages) == 1
    assert writer.usage.retries == 1


def test_a_server_that_is_not_there_is_left_alone_until_the_next_run() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    post = Post(MailSimulator(), port)
    writer = post.writer()
    with pytest.raises(DestinationUnavailableError, match="ConnectionRefusedError") as caught:
        write(writer)
    assert not caught.value.may_have_arrived
    assert (writer.usage.calls, len(post.pauses)) == (0, EMAIL.attempts - 1)


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_message_whose_answer_never_came_is_not_sent_again(
    post: Post, *, takes_effect: bool
) -> None:
    post.simulator.mishaps.add(Mishap(Stage.MESSAGE, takes_effect=takes_effect, times=1))
    writer = post.writer()

    with pytest.raises(NoAnswerError, match="millrace sync retry") as caught:
        write(writer)

    assert caught.value.may_have_arrived
    assert (caught.value.request_id or "").endswith("@mail.example.com>")
    assert (writer.usage.calls, writer.usage.retries) == (1, 0)
    assert post.mailbox.handed_over == 1
    assert write(writer, row(subject="another")).outcome is Outcome.WRITTEN


def test_a_message_whose_answer_comes_too_late_is_not_sent_again(post: Post) -> None:
    late = Mishap(Stage.MESSAGE, "250 OK", takes_effect=True, delay=30, times=1)
    post.simulator.mishaps.add(late)
    writer = post.writer(limits=replace(EMAIL, acceptance_timeout=1.0))

    with pytest.raises(NoAnswerError):
        write(writer)

    assert post.mailbox.handed_over == 1
    assert write(writer, row(subject="another")).outcome is Outcome.WRITTEN


def test_an_answer_without_meaning_leaves_a_message_in_doubt(post: Post) -> None:
    post.simulator.mishaps.add(Mishap(Stage.MESSAGE, "what?", times=1))
    with pytest.raises(NoAnswerError, match="without meaning"):
        write(post.writer())


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"554 5.3.2 Go away\r\n", DestinationRefusedError),
        (b"421 4.3.2 Not now\r\n", DestinationUnavailableError),
        (b"hello\r\n", DestinationUnavailableError),
        (b"", DestinationUnavailableError),
    ],
)
def test_a_server_that_does_not_greet_takes_nothing(
    greeting: bytes, error: type[DestinationError]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        post = Post(MailSimulator(), listener.getsockname()[1])
        with pytest.raises(error) as caught:
            write(post.writer(limits=replace(EMAIL, attempts=1)))
        thread.join()
    assert not caught.value.may_have_arrived


# Encryption and login


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [(Security.STARTTLS, SmtpSecurity.STARTTLS), (Security.TLS, SmtpSecurity.TLS)],
)
def test_an_encrypted_connection_carries_login_and_messages(
    offered: Security, wanted: SmtpSecurity
) -> None:
    simulator = MailSimulator(
        security=offered, certificate=CERTIFICATE.server, login=("millrace", "quaint-otter")
    )
    with served(simulator) as post:
        account = post.account(
            security=wanted, username="millrace", password=SecretStr("quaint-otter")
        )
        writer = post.writer(account)
        write(writer, row(subject="a"))
        write(writer, row(subject="b"))
    assert [kept.message["Subject"] for kept in post.mailbox.messages] == ["a", "b"]
    assert post.mailbox.logins == ["millrace"]


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [(Security.STARTTLS, SmtpSecurity.STARTTLS), (Security.TLS, SmtpSecurity.TLS)],
)
def test_a_certificate_that_nobody_trusts_ends_the_run(
    offered: Security, wanted: SmtpSecurity
) -> None:
    with served(MailSimulator(security=offered, certificate=CERTIFICATE.server)) as post:
        writer = post.writer(post.account(security=wanted), tls=ssl.create_default_context())
        with pytest.raises(DestinationRefusedError, match="certificate is not one of SMTP_HOST"):
            write(writer)
    assert (post.mailbox.messages, post.pauses) == ([], [])


def test_a_server_that_does_not_encrypt_is_told_nothing(post: Post) -> None:
    with pytest.raises(DestinationRefusedError, match="set SMTP_SECURITY to tls"):
        write(post.writer(post.account(security=SmtpSecurity.STARTTLS)))
    with pytest.raises(DestinationRefusedError, match="check SMTP_PORT and SMTP_SECURITY"):
        write(post.writer(post.account(security=SmtpSecurity.TLS)))
    assert post.mailbox.messages == []


def test_a_wrong_login_ends_the_run_and_names_the_settings() -> None:
    with served(MailSimulator(login=("millrace", "right"))) as post:
        account = post.account(username="millrace", password=SecretStr("quaint-otter"))
        with pytest.raises(
            DestinationRefusedError, match=r"\(535\).*SMTP_USERNAME and SMTP_PASSWORD"
        ):
            write(post.writer(account))
        with pytest.raises(DestinationRefusedError, match="asks for a login"):
            write(post.writer())
    assert post.pauses == []


def test_a_server_without_a_login_says_which_settings_to_look_at(post: Post) -> None:
    account = post.account(username="millrace", password=SecretStr("quaint-otter"))
    with pytest.raises(DestinationRefusedError, match="offers no login"):
        write(post.writer(account))


# Secrets and persons


@pytest.mark.parametrize(
    "mishap",
    [
        None,
        Mishap(Stage.RCPT, f"550 5.1.1 No {ADA}"),
        Mishap(Stage.RCPT, f"451 4.7.1 <{ADA}> is greylisted"),
        Mishap(Stage.RCPT),
        Mishap(Stage.MESSAGE),
        Mishap(Stage.MAIL, "530 5.7.0 Who are you"),
    ],
)
def test_neither_login_nor_address_nor_message_is_logged_or_raised(
    caplog: pytest.LogCaptureFixture, mishap: Mishap | None
) -> None:
    caplog.set_level(logging.DEBUG)
    simulator = MailSimulator(login=("millrace-user", "quaint-otter"))
    simulator.mishaps.add(*([mishap] if mishap else []))
    with served(simulator) as post:
        account = post.account(username="millrace-user", password=SecretStr("quaint-otter"))
        writer = post.writer(account)
        told = repr(account) + repr(writer)
        try:
            told += repr(write(writer, row(text=PRIVATE, subject=PRIVATE)))
        except DestinationError as error:
            told += repr(error) + str(error) + "".join(traceback.format_exception(error))
    told += "".join(
        each.getMessage() for each in caplog.records if each.name != "mail.log"
    )  # which is the stand-in's own
    for secret in ("quaint", ADA, PRIVATE):
        assert secret not in told


# The settings

MAIL_SETTINGS = {
    "SMTP_HOST": "mail.example.com",
    "SMTP_FROM": "Millrace <millrace@mail.example.com>",
    "SMTP_USERNAME": "millrace",
    "SMTP_PASSWORD": "quaint-otter",
}


def test_mail_is_encrypted_unless_somebody_says_otherwise() -> None:
    account = Settings(**MAIL_SETTINGS).require_smtp()  # type: ignore[arg-type]
    assert (account.host, account.port) == ("mail.example.com", 587)
    assert account.security is SmtpSecurity.STARTTLS
    assert account.sender.addr_spec == "millrace@mail.example.com"
    assert "quaint-otter" not in repr(account)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SMTP_HOST": None}, "SMTP_HOST is not set"),
        ({"SMTP_HOST": None, "SMTP_FROM": None}, "SMTP_HOST and SMTP_FROM are not set"),
        ({"SMTP_PASSWORD": None}, "SMTP_USERNAME and SMTP_PASSWORD go together"),
        ({"SMTP_USERNAME": None}, "SMTP_USERNAME and SMTP_PASSWORD go together"),
        ({"SMTP_PASSWORD": "quaint-ß"}, "characters that are not ASCII"),
    ],
)
def test_settings_that_are_not_complete_are_named_without_their_values(
    changes: dict[str, str | None], sentence: str
) -> None:
    settings = Settings(**{**MAIL_SETTINGS, **changes})  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=sentence) as caught:
        settings.require_smtp()
    assert "quaint" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_FROM", "quaint"),
        ("SMTP_FROM", "a@example.com, quaint@example.com"),
        ("SMTP_PORT", "0"),
        ("SMTP_SECURITY", "quaint"),
    ],
)
def test_a_setting_that_is_wrong_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        with pytest.raises(SettingsError, match=name) as caught:
            get_settings()
    finally:
        get_settings.cache_clear()
    assert "quaint" not in str(caught.value)


def test_the_writer_is_opened_from_the_settings_and_connects_when_it_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert DESTINATIONS["email"].open_writer is open_email
    for name, value in MAIL_SETTINGS.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        with open_email("message") as writer:
            assert writer.misfit(ROW) is None
    finally:
        get_settings.cache_clear()

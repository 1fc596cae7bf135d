"""The local mail server, as any client sees it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import pytest

from simulators.smtp import MailSimulator, Mishap, Place, Security, Stage, make_certificate

FROM, ADA, BOB = "millrace@example.com", "ada@example.com", "bob@example.com"
TEXT = "From: millrace@example.com\r\nSubject: Größe\r\n\r\n.one\r\n..two\r\n".encode()


@pytest.fixture
def simulator() -> MailSimulator:
    return MailSimulator()


@pytest.fixture
def client(simulator: MailSimulator) -> Iterator[smtplib.SMTP]:
    with simulator.serving() as place, connected(place) as client:
        yield client


def connected(place: Place) -> smtplib.SMTP:
    return smtplib.SMTP(place.host, place.port, timeout=10)


def test_it_keeps_messages_as_they_came(simulator: MailSimulator, client: smtplib.SMTP) -> None:
    client.sendmail(FROM, [ADA, BOB], TEXT)
    client.sendmail(FROM, [ADA], TEXT)

    first, second = simulator.mailbox.messages
    assert (first.sender, first.recipients, second.recipients) == (FROM, (ADA, BOB), (ADA,))
    assert first.raw == TEXT
    assert simulator.mailbox.handed_over == 2
    assert simulator.mailbox.connections == 1


def test_a_refused_recipient_does_not_get_the_message(
    simulator: MailSimulator, client: smtplib.SMTP
) -> None:
    simulator.mishaps.add(Mishap(Stage.RCPT, "550 5.1.1 Nobody", address=BOB, times=1))

    refused = client.sendmail(FROM, [ADA, BOB], TEXT)
    again = client.sendmail(FROM, [ADA, BOB], TEXT)

    assert refused == {BOB: (550, b"5.1.1 Nobody")}
    assert again == {}
    assert [kept.recipients for kept in simulator.mailbox.messages] == [(ADA,), (ADA, BOB)]


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_message_may_be_refused_or_lost_with_or_without_effect(
    simulator: MailSimulator, client: smtplib.SMTP, *, takes_effect: bool
) -> None:
    simulator.mishaps.add(
        Mishap(Stage.MESSAGE, "451 Not now", takes_effect=takes_effect, times=1),
        Mishap(Stage.MESSAGE, takes_effect=takes_effect, times=1),
    )

    with pytest.raises(smtplib.SMTPDataError):
        client.sendmail(FROM, [ADA], TEXT)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.sendmail(FROM, [ADA], TEXT)

    assert simulator.mailbox.handed_over == 2
    assert len(simulator.mailbox.messages) == 2 * takes_effect


@pytest.mark.parametrize("stage", [Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA], ids=str)
def test_it_hangs_up_at_any_stage(
    simulator: MailSimulator, client: smtplib.SMTP, stage: Stage
) -> None:
    simulator.mishaps.add(Mishap(stage, times=1))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.sendmail(FROM, [ADA], TEXT)
    assert simulator.mailbox.handed_over == 0


def test_it_hangs_up_on_those_who_are_connected(simulator: MailSimulator) -> None:
    with simulator.serving() as place, connected(place) as client:
        simulator.hang_up()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
        with connected(place) as another:
            another.noop()
    assert simulator.mailbox.connections == 2


@pytest.mark.parametrize("security", Security)
def test_it_asks_for_the_login_over_every_kind_of_connection(security: Security) -> None:
    certificate = make_certificate()
    simulator = MailSimulator(
        security=security, certificate=certificate.server, login=("millrace", "right")
    )
    with simulator.serving() as place:
        if security is Security.TLS:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                place.host, place.port, timeout=10, context=certificate.client
            )
        else:
            client = connected(place)
        with client:
            if security is Security.STARTTLS:
                client.starttls(context=certificate.client)
            with pytest.raises(smtplib.SMTPSenderRefused):
                client.sendmail(FROM, [ADA], TEXT)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("millrace", "wrong")
            client.login("millrace", "right")
            client.sendmail(FROM, [ADA], TEXT)
    assert simulator.mailbox.logins == ["millrace"]
    assert len(simulator.mailbox.messages) == 1


def test_a_port_that_is_taken_is_an_error(simulator: MailSimulator) -> None:
    with (
        simulator.serving() as place,
        pytest.raises(OSError, match="in use"),
        MailSimulator().serving(port=place.port),
    ):
        pass
    assert str(place) == f"smtp://127.0.0.1:{place.port}"

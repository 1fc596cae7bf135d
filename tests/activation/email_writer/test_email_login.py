"""How the e-mail writer comes to a server: encryption, login, settings."""

from __future__ import annotations

import logging
import ssl
import traceback

import pytest
from pydantic import SecretStr

from activation.errors import DestinationError, DestinationRefusedError
from activation.writers import DESTINATIONS
from activation.writers.email import open_email
from simulators.smtp import MailSimulator, Mishap, Security, Stage
from tests.activation.email_writer.conftest import (
    ADA,
    CERTIFICATE,
    PRIVATE,
    ROW,
    Post,
    row,
    served,
    write,
)
from warehouse.settings import Settings, SettingsError, SmtpSecurity, get_settings


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

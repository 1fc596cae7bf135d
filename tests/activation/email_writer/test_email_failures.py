"""What the e-mail writer makes of a server's answers, and of none."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from activation.errors import (
    DestinationError,
    DestinationRefusedError,
    DestinationUnavailableError,
    NoAnswerError,
)
from activation.writers.base import Outcome
from activation.writers.limits import EMAIL
from simulators.smtp import MailSimulator, Mishap, Stage
from tests.activation.email_writer.conftest import ADA, BOB, EVE, Post, row, served, write


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

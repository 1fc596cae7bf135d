"""Lives that show one rule of the four funnels each (spec/funnel.md), and some ordinary ones.

Moments are days after the person was added. Each story is lived at least once in a world of the
default size; its weight says how often it is lived besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from simulators.world.person_diary import PersonDiary, PersonStory

Tell = Callable[[PersonDiary], None]

_told: dict[PersonStory, Tell] = {}
PERSON_STORIES: Mapping[PersonStory, Tell] = MappingProxyType(_told)
"""What is told of whom, in the order of this module."""


def _story(*, days: float, weight: int = 0) -> Callable[[Tell], Tell]:
    def made(tell: Tell) -> Tell:
        _told[PersonStory(tell.__name__, days, weight)] = tell
        return tell

    return made


# Ordinary


@_story(days=1, weight=22)
def never_reacts(diary: PersonDiary) -> None:
    """A suspect, for all that is known."""
    diary.added()


@_story(days=5, weight=30)
def opens_now_and_then(diary: PersonDiary) -> None:
    """Opens that are too few, or too far apart, to warm anybody."""
    diary.added()
    day = diary.stream.uniform(1, 4)
    for _ in range(diary.stream.choice((1, 2, 3))):
        diary.opened(day)
        day += diary.stream.uniform(14, 24)


@_story(days=8, weight=26)
def warms_by_opens(diary: PersonDiary) -> None:
    """The third open, of a third email, within 30 days."""
    diary.added()
    for day in (1, 3, 6.5):
        diary.opened(day + diary.stream.random())
    if diary.stream.random() < 0.5:
        diary.visited(7 + diary.stream.uniform(1, 9))


@_story(days=6, weight=20)
def warms_by_clicks(diary: PersonDiary) -> None:
    """Two links within 30 days; the same link on the same day is one."""
    diary.added()
    diary.opened(1)
    diary.clicked(1.01, "/pricing")
    diary.clicked(1.05, "/pricing")
    diary.clicked(4.2, "/customers")


@_story(days=5, weight=14)
def answers_kindly(diary: PersonDiary) -> None:
    """A positive reply warms at once."""
    diary.added()
    diary.opened(1)
    diary.replied(1.1, "positive")
    for day in (3, 9, 15):
        diary.visited(day + diary.stream.random())


@_story(days=20, weight=16)
def becomes_a_client(diary: PersonDiary) -> None:
    """Reply, demo, contract."""
    diary.added()
    diary.opened(1)
    diary.replied(1.2, "positive")
    intro = diary.booked(4, 7, "intro")
    diary.meeting(5, intro, status="confirmed")
    diary.meeting(7.1, intro, status="completed", outcome="positive")
    demo = diary.booked(8, 12)
    diary.meeting(12.1, demo, status="completed", outcome="positive")
    diary.signed(16, 600 * diary.stream.randrange(2, 40))


# Events that count once, or not at all


@_story(days=4)
def opens_one_email_again_and_again(diary: PersonDiary) -> None:
    """One open per email and UTC day; three opens of one email warm nobody."""
    diary.added()
    email_id = diary.email()
    for day in (1, 1.02, 2, 3):
        diary.opened(day, email_id)


@_story(days=5)
def clicks_what_does_not_count(diary: PersonDiary) -> None:
    """Unsubscribe links, pixels; a calendar link is a click and no appointment."""
    diary.added()
    diary.clicked(1, "/unsubscribe", kind="unsubscribe")
    diary.clicked(1.5, "/pixel.gif", kind="tracking_pixel")
    diary.clicked(2, "/book", kind="calendar")
    diary.clicked(4, "/blog/rotas", kind=None)


@_story(days=4, weight=4)
def is_out_of_office(diary: PersonDiary) -> None:
    """Mailboxes answer; that moves nobody."""
    diary.added()
    diary.replied(1, "out_of_office")
    diary.replied(3, "auto_reply")


@_story(days=3, weight=4)
def answers_no(diary: PersonDiary) -> None:
    """A negative reply is logged."""
    diary.added()
    diary.replied(2, "negative")


@_story(days=10)
def shows_up_without_having_been_added(diary: PersonDiary) -> None:
    """Starts as a suspect with its first event; it is added later."""
    diary.opened(-2)
    diary.visited(-1)
    diary.added()
    diary.replied(5, "neutral")


# Score


@_story(days=12)
def warms_by_score(diary: PersonDiary) -> None:
    """Visits, downloads and a webinar: past 25 without an open."""
    diary.added()
    diary.visited(1, "/")
    diary.visited(2, "/features")
    diary.downloaded(2.1)
    diary.downloaded(3.2, "Pay rules at a glance")
    diary.attended(4)


@_story(days=75)
def cools_down(diary: PersonDiary) -> None:
    """A point a day goes, from 75 and more back to little."""
    diary.added()
    for day in (1, 2, 3, 4, 5):
        diary.opened(day)
        diary.clicked(day + 0.1, f"/blog/{int(day)}")
        diary.visited(day + 0.2)
        diary.downloaded(day + 0.3, f"Guide {int(day)}")
    diary.attended(6)
    diary.replied(6.5, "positive")
    diary.moved(7, "promotion")


# TalentFlow


@_story(days=5, weight=5)
def changes_the_job(diary: PersonDiary) -> None:
    """A verified signal warms."""
    diary.added()
    diary.moved(2, "job_change")
    diary.opened(3)


@_story(days=5)
def may_have_changed_the_job(diary: PersonDiary) -> None:
    """A signal that nobody verified does not."""
    diary.added()
    diary.moved(2, "startup", verified=False)


@_story(days=98)
def moved_long_ago(diary: PersonDiary) -> None:
    """A signal is fresh for 90 days."""
    diary.added()
    diary.moved(1, "lateral")


@_story(days=6)
def moves_twice_at_once(diary: PersonDiary) -> None:
    """The higher of two movements within a burst counts."""
    diary.added()
    diary.moved(3, "lateral")
    diary.moved(3.05, "startup")


# Appointments


@_story(days=4)
def books_out_of_the_blue(diary: PersonDiary) -> None:
    """A suspect does not become an appointment directly."""
    diary.added()
    diary.booked(2, 6, "discovery")


@_story(days=24)
def never_shows_up(diary: PersonDiary) -> None:
    """The second no-show is enough."""
    diary.added()
    diary.replied(1, "positive")
    first = diary.booked(3, 5)
    diary.meeting(5.1, first, status="no_show")
    second = diary.booked(7, 10)
    diary.meeting(10.1, second, status="no_show")


@_story(days=14)
def does_not_like_what_it_sees(diary: PersonDiary) -> None:
    """A completed meeting with a negative outcome."""
    diary.added()
    diary.replied(1, "neutral")
    demo = diary.booked(3, 9)
    diary.meeting(9.1, demo, status="completed", outcome="negative")


@_story(days=20)
def cancels_for_good(diary: PersonDiary) -> None:
    """Cancelled, and not rescheduled for seven days."""
    diary.added()
    diary.replied(1, "positive")
    demo = diary.booked(3, 9)
    diary.meeting(6, demo, status="cancelled")


@_story(days=24)
def puts_it_off(diary: PersonDiary) -> None:
    """Cancelled, rescheduled twice, held at last."""
    diary.added()
    diary.replied(1, "positive")
    demo = diary.booked(3, 9)
    diary.meeting(6, demo, status="cancelled")
    diary.meeting(8, demo, status="rescheduled", starts=14)
    diary.meeting(13, demo, status="rescheduled", starts=19)
    diary.meeting(19.1, demo, status="completed", outcome="no_decision")


@_story(days=2)
def has_an_appointment_ahead(diary: PersonDiary) -> None:
    """Upcoming: it begins after the world ends."""
    diary.added()
    diary.replied(0.3, "positive")
    diary.booked(1, 400, "proposal")


# Clients


@_story(days=60)
def leaves_as_a_client(diary: PersonDiary) -> None:
    """Stays a client, and is no longer written to."""
    becomes_a_client(diary)
    diary.unsubscribed(30)
    diary.bounced(40, "hard")


@_story(days=45)
def changes_the_contract(diary: PersonDiary) -> None:
    """The later word on one contract counts."""
    becomes_a_client(diary)
    diary.signed(30, 31_000, status="active")


@_story(days=6)
def signs_without_a_meeting(diary: PersonDiary) -> None:
    """No movement from suspect to client; the contract is there all the same."""
    diary.added()
    diary.signed(4, 5_400, days=60)


# Out


@_story(days=6, weight=5)
def unsubscribes(diary: PersonDiary) -> None:
    """For good, whatever it does afterwards."""
    diary.added()
    diary.opened(1)
    diary.unsubscribed(2)
    diary.replied(5, "positive")


@_story(days=4)
def unsubscribes_by_reply(diary: PersonDiary) -> None:
    """Someone reads the answers, and marks this one."""
    diary.added()
    diary.replied(2, "unsubscribe")


@_story(days=3, weight=6)
def bounces(diary: PersonDiary) -> None:
    """A hard bounce disqualifies."""
    diary.added()
    diary.bounced(1.5, "hard")


@_story(days=5)
def bounces_softly(diary: PersonDiary) -> None:
    """A soft one does not."""
    diary.added()
    diary.bounced(1, "soft")
    diary.opened(3)


@_story(days=12)
def bounces_with_an_appointment(diary: PersonDiary) -> None:
    """Nor does a hard one, while there is an appointment."""
    diary.added()
    diary.replied(1, "positive")
    diary.booked(3, 11)
    diary.bounced(6, "hard")


# Time


@_story(days=45, weight=6)
def falls_silent(diary: PersonDiary) -> None:
    """Thirty days after the last sign of life: re-engagement."""
    warms_by_clicks(diary)


@_story(days=100)
def comes_back_from_silence(diary: PersonDiary) -> None:
    """A reply out of re-engagement warms again; the 60 days' trigger has passed by then."""
    warms_by_clicks(diary)
    diary.replied(97, "positive")


@_story(days=4)
def does_everything_at_once(diary: PersonDiary) -> None:
    """A burst of less than four hours is decided as one."""
    diary.added()
    diary.opened(2)
    diary.clicked(2.01, "/pricing")
    diary.clicked(2.03, "/customers")
    diary.replied(2.05, "positive")
    diary.moved(2.1, "job_change")


@_story(days=8)
def is_too_quick(diary: PersonDiary) -> None:
    """Promoted within a day of a demotion: cooldown and direction lock."""
    diary.added()
    diary.replied(1, "positive")
    demo = diary.booked(1.5, 2)
    diary.meeting(2.5, demo, status="completed", outcome="negative")
    diary.replied(3, "positive")
    diary.replied(7, "positive")


# People decide


@_story(days=6)
def is_put_where_somebody_wants(diary: PersonDiary) -> None:
    """An override needs a reason and a user."""
    diary.added()
    diary.overridden(2, "WARM", "Met at a fair")


@_story(days=8)
def is_put_where_it_is(diary: PersonDiary) -> None:
    """An override to the present state is a rejected movement."""
    diary.added()
    diary.overridden(2, "SUSPECT", "Clean-up")


@_story(days=12)
def consents_again(diary: PersonDiary) -> None:
    """Out of unsubscribed by an override that records the new consent."""
    diary.added()
    diary.unsubscribed(2)
    diary.overridden(9, "WARM", "New consent by signed form of the day")


@_story(days=20)
def is_locked_for_a_while(diary: PersonDiary) -> None:
    """What happens under the lock is decided when it ends; an unsubscribe at once."""
    diary.added()
    diary.locked(1)
    diary.replied(3, "positive")
    diary.booked(6, 15)
    diary.unlocked(12)


@_story(days=10)
def is_locked_to_the_end(diary: PersonDiary) -> None:
    """What waits, waits."""
    diary.added()
    diary.locked(1, "Competitor?")
    diary.replied(3, "positive")

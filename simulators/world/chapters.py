"""What many stories have in common: signing up, trying, buying, leaving, and some daily life."""

from __future__ import annotations

from datetime import datetime, timedelta

from simulators.world.calendar import ago
from simulators.world.diary import Diary
from simulators.world.pricing import FREE, Offer, draw_offer, draw_smaller_offer

_SALES_MANAGERS = {"AMER": "sales.ebro", "EMEA": "sales.volga", "APAC": "sales.volga"}
_ARR_RANGE_ABOVE = {"1-2000": "2001-8000", "2001-8000": "8001+", "8001+": "8001+"}


def is_created(diary: Diary) -> datetime:
    """The company shows up, with what it says of its country. Returns when."""
    company = diary.company
    diary.created(company.first_seen_at, country=company.country.code if company.country else None)
    return company.first_seen_at


def is_linked_to_hubspot(diary: Diary, after: datetime) -> None:
    """Within a day the product learns the company's record in HubSpot, if there is one."""
    if diary.company.hubspot_company_id is not None:
        diary.updated(
            diary.soon_after(after, hours=20), hubspot_company_id=diary.company.hubspot_company_id
        )


def signs_up(diary: Diary) -> datetime:
    """The company completes its sign-up, and somebody in sales may take it. Returns when."""
    signed_up_at = diary.soon_after(is_created(diary), hours=0.4)
    diary.updated(
        signed_up_at,
        status="SIGNUP",
        signup_timestamp=signed_up_at,
        num_of_employees_range=diary.company.num_of_employees_range,
    )
    is_linked_to_hubspot(diary, signed_up_at)
    country = diary.company.country
    if country is not None and diary.stream.random() < 0.6:
        diary.updated(
            diary.soon_after(signed_up_at, hours=24),
            sales_account_manager=_SALES_MANAGERS[country.region],
        )
    return signed_up_at


def tries(diary: Diary) -> datetime:
    """The company signs up and starts a trial. Returns when the trial started."""
    started_at = diary.soon_after(signs_up(diary), hours=0.2)
    diary.subscribed(started_at, "trial", FREE, "trialing")
    return started_at


def end_of_trial(diary: Diary) -> datetime:
    """A moment four to fifteen days after the company showed up: when most decide to buy."""
    first_seen_at = diary.company.first_seen_at
    return diary.between(first_seen_at + timedelta(days=4), first_seen_at + timedelta(days=15))


def buys(
    diary: Diary, at: datetime, offer: Offer | None = None, *, arrives_at: datetime | None = None
) -> None:
    """A subscription starts, and the product says PAID.

    Args:
        diary: of the company.
        at: when; the paying spell starts here unless it was paying before.
        offer: what it buys; None: what the company's truth says.
        arrives_at: when the news must arrive; None leaves it to chance.
    """
    offer = offer or diary.company.offer
    diary.subscribed(at, offer.plan_id, offer.mrr, arrives_at=arrives_at)
    diary.updated(diary.soon_after(at, hours=0.2), status="PAID", arrives_at=arrives_at)


def becomes_customer(
    diary: Diary, paying_since: datetime, offer: Offer | None = None, until: datetime | None = None
) -> None:
    """The company signs up, tries, buys and pays every month.

    Args:
        diary: of the company.
        paying_since: when it buys.
        offer: what it buys; None: what the company's truth says.
        until: when it stops paying; None: never.
    """
    tries(diary)
    buys(diary, paying_since, offer)
    diary.paid_monthly(paying_since, (offer or diary.company.offer).mrr, until)
    lives(diary, paying_since, until)


def becomes_customer_in_steps(diary: Diary, paying_since: datetime) -> None:
    """The same, but the company may have bought less, or a lot more, before what it has now."""
    offer = diary.company.offer
    changed_at = diary.between(paying_since + timedelta(days=1), ago(days=2.2))
    chance = diary.stream.random()
    if changed_at <= paying_since + timedelta(days=1) or chance < 0.55:
        becomes_customer(diary, paying_since)
        return
    if chance < 0.9:
        first = draw_smaller_offer(diary.stream, offer)
    else:
        first = draw_offer(diary.stream, _ARR_RANGE_ABOVE[offer.arr_range])
    becomes_customer(diary, paying_since, first, until=changed_at)
    diary.subscribed(changed_at, offer.plan_id, offer.mrr)
    diary.paid_monthly(changed_at, offer.mrr)


def churns(diary: Diary, at: datetime) -> None:
    """The subscription ends for good, and the product says CHURNED."""
    diary.subscribed(at, "churn", FREE, "cancelled")
    diary.updated(diary.soon_after(at, hours=0.2), status="CHURNED")


def lives(diary: Diary, since: datetime, until: datetime | None = None) -> None:
    """Meetings, quiet weeks, a new name: what happens to any company and decides nothing.

    Args:
        diary: of the company.
        since: from when on.
        until: until when; None: the end of the world.
    """
    stream, until = diary.stream, until or ago(hours=1)
    if until - since < timedelta(days=1):
        return
    for _ in range(stream.choice((0, 0, 1, 1, 2, 3))):
        diary.met(diary.between(since, until))
    if stream.random() < 0.12:
        diary.inactive(diary.between(since, until), stream.choice((7, 14, 30)))
    if stream.random() < 0.03:
        diary.updated(diary.between(since, until), name=f"{diary.company.name} Group")

"""Where visits come from: advertisements, searches, letters, links, or nowhere that anybody knows.

An origin gives the fields of a `session_started` that tell of it (spec/events.md, Web and mobile).
Some senders put a parameter into a field, some leave it in the landing URL, some do both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias
from urllib.parse import urlencode

from simulators.world.model import JsonValue

SITE = "https://www.millrace.example.com"
PAGES = ("/", "/pricing", "/features", "/customers", "/time-clock", "/scheduling", "/blog/rotas")

Parameters: TypeAlias = dict[str, str]
Draw: TypeAlias = Callable[[Random], Parameters]

_URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_CAMPAIGNS = ("spring rotas", "field-teams", "switch+save", "clinics_2026", "brand")
_REFERRER = "referrer"


def click_id(stream: Random, length: int = 40) -> str:
    """An id as an advertising platform gives it to a click."""
    return "".join(stream.choices(_URL_SAFE, k=length))


def _google(stream: Random) -> Parameters:
    return {
        "gclid": click_id(stream),
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": stream.choice(_CAMPAIGNS),
        "utm_term": stream.choice(("staff rota app", "time clock", "shift planner")),
    }


def _google_on_a_phone(stream: Random) -> Parameters:
    return {stream.choice(("wbraid", "gbraid")): click_id(stream, 30)}


def _google_by_its_source_alone(stream: Random) -> Parameters:
    return {"utm_source": f"cpc-google-{stream.choice(('search', 'display'))}"}


def _facebook(stream: Random) -> Parameters:
    return {
        "fbclid": click_id(stream, 61),
        "fbp": f"fb.1.{stream.randrange(10**12, 2 * 10**12)}.{stream.randrange(10**9, 10**10)}",
        "utm_source": "cpc-facebook",
        "utm_content": stream.choice(("video_a", "video_b", "carousel")),
    }


def _bing(stream: Random) -> Parameters:
    return {"msclkid": f"{stream.getrandbits(128):032x}", "utm_source": "cpc-bing"}


def _linkedin(stream: Random) -> Parameters:
    return {"li_fat_id": f"{stream.getrandbits(128):032x}", "utm_source": "cpc-linkedin"}


def _other_paid(stream: Random) -> Parameters:
    return {"utm_source": "review-site", "utm_medium": stream.choice(("ppc", "display"))}


def _newsletter(stream: Random) -> Parameters:
    number = stream.randrange(1, 18)
    return {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": f"issue-{number}"}


def _affiliate(stream: Random) -> Parameters:
    return {"utm_source": f"partner-{stream.randrange(1, 6)}", "utm_medium": "affiliate"}


def _other_campaign(stream: Random) -> Parameters:
    return {"utm_source": "fair", "utm_campaign": stream.choice(("trade fair süd", "expo & more"))}


def _marked_search(_: Random) -> Parameters:
    return {"utm_medium": "organic"}


def _search(_: Random) -> Parameters:
    return {_REFERRER: "https://search.example.com/"}


def _social_site(stream: Random) -> Parameters:
    return {_REFERRER: f"https://social.example.com/p/{stream.randrange(10**6)}"}


def _other_site(stream: Random) -> Parameters:
    return {_REFERRER: f"https://{stream.choice(('blog', 'forum', 'news'))}.example.com/rotas"}


def _own_site(_: Random) -> Parameters:
    return {_REFERRER: f"{SITE}/login"}


def _malformed_click(_: Random) -> Parameters:
    return {"gclid": "{gclid}"}


def _direct(_: Random) -> Parameters:
    return {}


ORIGINS: Mapping[Draw, int] = {
    _google: 20,
    _google_on_a_phone: 4,
    _google_by_its_source_alone: 3,
    _facebook: 13,
    _bing: 5,
    _linkedin: 4,
    _other_paid: 3,
    _newsletter: 6,
    _affiliate: 3,
    _other_campaign: 3,
    _marked_search: 3,
    _search: 14,
    _social_site: 4,
    _other_site: 6,
    _own_site: 2,
    _malformed_click: 1,
    _direct: 16,
}
"""How often each occurs."""


def draw_origin(stream: Random) -> Parameters:
    """The parameters of one visit, and its referrer."""
    return stream.choices(list(ORIGINS), list(ORIGINS.values()))[0](stream)


def session_fields(stream: Random, parameters: Parameters) -> dict[str, JsonValue]:
    """How a `session_started` tells of where it comes from.

    Args:
        stream: where chance comes from.
        parameters: as `draw_origin` gave them.
    """
    fields: dict[str, JsonValue] = {}
    query = {name: value for name, value in parameters.items() if name != _REFERRER}
    landing_url = SITE + stream.choice(PAGES)
    told = stream.choice(("in the fields", "in the URL", "in both"))
    if query and told != "in the fields":
        landing_url += f"?{urlencode(query)}"
    fields["landing_url"] = landing_url
    if _REFERRER in parameters:
        fields[_REFERRER] = parameters[_REFERRER]
    if told != "in the URL":
        fields.update(query)
    return fields


def mobile_fields(parameters: Parameters) -> dict[str, JsonValue]:
    """Those of the parameters that an event of the mobile app has fields for."""
    names = ("utm_source", "utm_medium", "utm_campaign", "gclid", "fbclid")
    return {name: parameters[name] for name in names if name in parameters}


def call_fields(parameters: Parameters) -> dict[str, JsonValue]:
    """Those of the parameters that a tracked call has fields for."""
    names = ("utm_source", "utm_medium", "utm_campaign", "gclid")
    return {name: parameters[name] for name in names if name in parameters}

"""The weekly summary by e-mail: its two forms say the same, and its picture is one."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from PIL import Image

from activation.messages.engagement_summary.email import EMAIL_SUMMARY
from tests.activation.engagement_weeks import anomaly, told, week

CONSOLE = "https://console.example.com"
CHANGE = r"(?:[▲▼] [\d,]+|=|new)"


class Page(HTMLParser):
    """The words of a page, the rows of its tables of data, and its pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.links: list[str | None] = []
        self.pictures: list[dict[str, str | None]] = []
        self.words = ""
        self._is_data = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag == "table":
            self._is_data = values.get("role") == "table"
        elif tag == "tr" and self._is_data:
            self.rows.append([])
        elif tag in {"td", "th"} and self._is_data and self.rows:
            self.rows[-1].append("")
        elif tag == "img":
            self.pictures.append(values)
        elif tag == "a":
            self.links.append(values["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._is_data = False

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._is_data and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def composed(facts: dict[str, Any], console_url: str | None = CONSOLE) -> dict[str, str]:
    return EMAIL_SUMMARY.compose(told(facts), console_url=console_url)


def in_one_line(words: str) -> str:
    return " ".join(words.replace("\xa0", " ").split())


def places_in_text(text: str) -> list[list[str]]:
    """Rank, name, score, tier and change of each line that has them."""
    found = re.findall(rf"^ +([\d,]+)  (.+?) +([\d,]+)  (\w+ \d+%) +({CHANGE})$", text, re.M)
    return [list(each) for each in found]


def moves_in_text(text: str) -> list[list[str]]:
    found = re.findall(r"^ +([▲▼] [\d,]+) +(.+?) +([\d,]+)  →  +([\d,]+)$", text, re.M)
    return [[change, name, f"{before} → {now}"] for change, name, before, now in found]


def places_in_html(html: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in row] for row in Page(html).rows]
    return [
        [rank, name, score, in_one_line(tier).removeprefix("● "), change]
        for rank, name, score, tier, change in (row for row in rows if len(row) == 5)
        if rank != "Rank"
    ]


def moves_in_html(html: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in row] for row in Page(html).rows]
    return [row for row in rows if len(row) == 3 and row[0] != "Change"]


@pytest.mark.parametrize("companies", [0, 1, 2, 11, 20, 41, 2_500])
def test_text_and_html_say_the_same(companies: int) -> None:
    facts = week(companies)
    parts = composed(facts)

    places = places_in_text(parts["text"])
    assert places == places_in_html(parts["html"])
    assert [name for _, name, *_ in places] == [
        each["company"] for each in (*facts["top"], *facts["bottom"])
    ]
    assert len({name for _, name, *_ in places}) == len(places) == min(companies, 20)
    moves = moves_in_text(parts["text"])
    assert moves == moves_in_html(parts["html"])
    assert len(moves) == len(facts["movers"])
    text, html = in_one_line(parts["text"]), in_one_line(Page(parts["html"]).words)
    for group in facts["anomalies"]:
        for example in group["examples"]:
            assert example in text
            assert example in html
    for sentence in re.findall(r"(?:Scores by tier|Mapped|Version)[^.]*\.", text):
        assert sentence in html


def test_the_text_is_a_page_of_aligned_columns() -> None:
    text = composed(week())["text"]

    assert text.startswith(
        "Customer engagement, Mar 22 \N{EN DASH} 28, 2026\n"
        "41 companies ranked, 44 of 48 customers mapped (91%, 96% the week before), 11\n"
        "anomalies.\n"
        "Console: https://console.example.com\n"
        "\n"
        "TOP 10\n"
        "   1  Quiet Harbour Dental     480  Top 30%  =\n"
        "   2  Amber Harbour Dental     454  Top 30%  ▲ 1\n"
        "   3  Northern Harbour Dental  431  Top 30%  ▼ 2\n"
    )
    assert all(len(line) <= 78 and line == line.rstrip() for line in text.split("\n"))


def test_a_name_is_shown_and_never_obeyed() -> None:
    name = '<script>x</script> & "Co" [bold]b[/bold] {{ 7 * 7 }} :smile:'
    facts = week(2, names=[name], anomalies=[anomaly("unmapped", 1, "<img src=x>: no tenant")])

    parts = composed(facts)

    page = Page(parts["html"])
    assert "script" not in page.tags
    assert page.tags.count("img") == 1
    assert places_in_html(parts["html"])[0][1] == name
    assert "<img src=x>: no tenant" in page.words
    assert in_one_line(name).split()[0] in parts["text"]
    assert "[bold]b[/bold]" in parts["text"]
    assert ":smile:" in parts["text"]


@pytest.mark.parametrize("letter", ["Q", "&", "漢"])
def test_long_names_stay_whole_and_fit_a_mail_programs_patience(letter: str) -> None:
    facts = week(41, names=[letter * 300] * 41, restatement_reason=letter * 900, version=2)

    parts = composed(facts)

    assert len(parts["subject"]) < 80
    assert places_in_html(parts["html"])[0][1] == letter * 300
    assert parts["text"].count(letter) == Page(parts["html"]).words.count(letter) >= 20 * 300
    assert len(parts["html"].encode()) < 102_000  # more is cut off by some mail programs


def test_the_picture_is_a_png_that_the_page_shows_and_says_in_words() -> None:
    parts = composed(week())

    (image,) = json.loads(parts["images"])
    (shown,) = Page(parts["html"]).pictures
    picture = Image.open(io.BytesIO(base64.b64decode(image["png"])))
    assert (picture.format, picture.size) == ("PNG", (1200, 480))
    assert "Software" not in picture.info
    assert shown["src"] == f"cid:{image['cid']}"
    assert shown["alt"] == (
        "Scores by tier. Top 30%: 13 companies, 252 to 480; Middle 40%: 15 companies, 112 to 238; "
        "Bottom 30%: 13 companies, 56 to 106."
    )


def colors(companies: int, **changes: Any) -> set[tuple[int, ...]]:
    """What the picture of a week is painted with, over more than a few points."""
    (image,) = json.loads(composed(week(companies, **changes))["images"])
    picture = Image.open(io.BytesIO(base64.b64decode(image["png"]))).convert("RGB")
    found = picture.getcolors(maxcolors=100_000) or []
    return {color for number, color in found if number > 400 and isinstance(color, tuple)}


TOP, MIDDLE, BOTTOM = (15, 118, 110), (100, 116, 139), (194, 65, 12)


@pytest.mark.parametrize(
    ("companies", "scores", "tiers"),
    [
        (1, [7], {TOP}),
        (1, [0], {TOP}),
        (2, [7, 7], {TOP, BOTTOM}),
        (12, [0] * 12, {TOP, MIDDLE, BOTTOM}),
        (12, [2_000_000_000, *range(110, 0, -10)], {TOP, MIDDLE, BOTTOM}),
    ],
)
def test_the_picture_shows_every_tier_that_has_companies(
    companies: int, scores: list[int], tiers: set[tuple[int, int, int]]
) -> None:
    assert colors(companies, scores=scores) & {TOP, MIDDLE, BOTTOM} == tiers


@pytest.mark.parametrize("companies", [0, 25_001])
def test_where_the_scores_are_not_known_there_is_no_picture(companies: int) -> None:
    facts = week(companies)
    parts = composed({**facts, "scores": facts["scores"][:25_000]})
    assert "images" not in parts
    assert Page(parts["html"]).pictures == []
    assert "Scores by tier" not in parts["text"]


def test_the_console_is_linked_where_there_is_one() -> None:
    with_one = composed(week(1), 'https://console.example.com/?a=1&b="')
    without = composed(week(1), None)

    assert Page(with_one["html"]).links == ['https://console.example.com/?a=1&b="']
    assert 'Console: https://console.example.com/?a=1&b="\n' in with_one["text"]
    assert Page(without["html"]).links == []
    assert "onsole" not in without["text"]


def test_the_first_week_of_all_compares_with_none() -> None:
    parts = composed(week(12, previous=False, anomalies=[]))

    assert {change for *_, change in places_in_text(parts["text"])} == {"new"}
    for said in (parts["text"], Page(parts["html"]).words):
        assert "There is no ranking of the week before to compare with." in said
        assert "None." in said


def test_the_same_facts_are_the_same_message_with_the_same_picture() -> None:
    assert composed(week()) == composed(week())


def test_a_person_can_read_it_before_it_is_sent() -> None:
    parts = composed(week())
    assert EMAIL_SUMMARY.preview(parts) == f"{parts['subject']}\n\n{parts['text']}"

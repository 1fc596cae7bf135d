"""The weekly summary in Slack: what it says, and that it always fits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation.messages.engagement_summary.slack import (
    MOST_CHARACTERS,
    SLACK_SUMMARY,
    escaped,
)
from tests.activation.engagement_weeks import anomaly, told, week

CONSOLE = "https://console.example.com"
Block = dict[str, Any]


def composed(facts: dict[str, Any], console_url: str | None = CONSOLE) -> tuple[str, list[Block]]:
    parts = SLACK_SUMMARY.compose(told(facts), console_url=console_url)
    assert set(parts) == SLACK_SUMMARY.makes
    return parts["text"], json.loads(parts["blocks"])


def sections(blocks: list[Block]) -> dict[str, list[str]]:
    """The lines of each section below its first one."""
    texts = [block["text"]["text"].split("\n") for block in blocks if block["type"] == "section"]
    return {text[0]: text[1:] for text in texts}


def contexts(blocks: list[Block]) -> list[str]:
    return [each["text"] for b in blocks if b["type"] == "context" for each in b["elements"]]


def test_a_week_is_read_from_top_to_bottom() -> None:
    text, blocks = composed(week())

    said = sections(blocks)
    assert blocks[0]["type"] == "header"
    assert blocks[0]["text"]["text"] == "Customer engagement, Mar 22 \N{EN DASH} 28, 2026"
    assert contexts(blocks)[0] == (
        "41 companies ranked · 44 of 48 customers mapped (91%, 96% the week before) · "
        "<https://console.example.com|Open the console>"
    )
    assert list(said) == [
        "*Top 10*",
        "*Bottom 10*",
        "*Biggest movers*",
        "🔴 *Metrics missing*: 1",
        "🟡 *Customers without a Yobi tenant*: 4",
        "🟡 *Mapped by name alone*: 5",
        "🟡 *Activity down by more than half*: 1",
    ]
    assert said["*Top 10*"][1] == "2. *Amber Harbour Dental*  454 · Top 30% · ▲ 1"
    assert said["*Bottom 10*"][-1] == "41. *Quiet Summit Dental*  56 · Bottom 30% · ▼ 2"
    assert said["*Biggest movers*"][:2] == [
        "▲ 26  *Silver Harbour Dental*  30 → 4",
        "▼ 3  *Hollow Harbour Dental*  5 → 8",
    ]
    assert contexts(blocks)[-1] == "Version 1 of this week."
    assert text == (
        "Customer engagement, Mar 22 \N{EN DASH} 28, 2026: 41 companies ranked, 91% of customers "
        "mapped, 11 anomalies."
    )


@pytest.mark.parametrize("companies", [0, 1, 2, 9, 10, 11, 19, 20, 21, 41])
def test_each_company_is_once_in_top_and_bottom(companies: int) -> None:
    _, blocks = composed(week(companies))

    said = sections(blocks)
    places = [line for title, lines in said.items() if "*Top" in title for line in lines]
    places += [line for title, lines in said.items() if "*Bottom" in title for line in lines]
    names = [line.split("*")[1] for line in places]
    assert len(names) == len(set(names)) == min(companies, 20)


@pytest.mark.parametrize("letter", ["x", "&", "<", "漢", "👩", "*", '"', "\\"])
@pytest.mark.parametrize("companies", [41, 25_000])
def test_the_largest_week_is_one_message_within_the_limits(letter: str, companies: int) -> None:
    name = letter * 300
    facts = week(companies, names=[name] * companies)
    facts["movers"] = [{**facts["movers"][0], "company": name}] * 10
    facts["anomalies"] = [anomaly(f"{letter}{each}", 99_999, letter * 900) for each in range(15)]
    facts["restatement_reason"], facts["version"] = letter * 900, 12
    facts["mapping"]["by_method"] = {f"{letter * 40}{each}": 9_999 for each in range(20)}

    text, blocks = composed(facts, f"{CONSOLE}/{letter * 60}")

    assert len(text) < 300
    assert len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False)) <= MOST_CHARACTERS
    for block in blocks:
        longest = {"header": 150, "section": 3000}.get(block["type"], 0)
        assert len(block.get("text", {}).get("text", "")) <= longest
        assert all(1 <= len(each["text"]) <= 2000 for each in block.get("elements", []))
    assert "And 3 more kinds of anomalies." in sections(blocks)


def test_a_name_is_shown_and_never_obeyed() -> None:
    names = ["<!channel> & *Bold*", "<https://example.com|Click>", "_a_ ~b~ `c`", "example.com"]
    facts = week(4, names=names, anomalies=[anomaly("unmapped", 1, "<!here>: *no* tenant")])

    _, blocks = composed(facts, None)

    lines = [line for said in sections(blocks).values() for line in said]
    shown = [line.split("*")[1] for line in lines[:4]]
    assert shown == [
        "&lt;!channel&gt; &amp; ∗Bold∗",  # noqa: RUF001 - the look-alikes
        "&lt;https://example.com|Click&gt;",
        "＿a＿ ∼b∼ ʼcʼ",  # noqa: RUF001 - the look-alikes
        "example.com",
    ]
    assert "• &lt;!here&gt;: ∗no∗ tenant" in lines  # noqa: RUF001 - the look-alikes
    marked = [b["text"] for b in blocks if b["type"] == "section"]
    assert {(each["type"], each["verbatim"]) for each in marked} == {("mrkdwn", True)}


@given(text=st.text(max_size=80), length=st.integers(1, 60))
def test_escaped_text_is_cut_between_its_characters(text: str, length: int) -> None:
    cut, whole = escaped(text, length), escaped(text)

    assert len(cut) <= length
    assert cut == whole or (cut.endswith("…") and whole.startswith(cut[:-1]))
    bare = cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert not set(bare) & set("&<>*_~`")


def test_a_week_with_nothing_in_it_says_so() -> None:
    counts = {"customers": 0, "mapped": 0, "ambiguous": 0}
    mapping: dict[str, Any] = {**counts, "previous_coverage": None, "by_method": {}}
    facts = week(0, anomalies=[], mapping=mapping, newcomers=0, tiers={})

    text, blocks = composed(facts, None)

    assert sections(blocks) == {"*Anomalies*": ["None."]}
    assert contexts(blocks) == [
        "0 companies ranked · no customers to map",
        "Version 1 of this week.",
    ]
    assert text.endswith("0 companies ranked, no anomalies.")


def test_the_first_week_of_all_compares_with_none() -> None:
    _, blocks = composed(week(12, previous=False))

    said = sections(blocks)
    assert said["*Biggest movers*"] == ["There is no ranking of the week before to compare with."]
    assert {line.rpartition("· ")[2] for line in said["*Top 10*"]} == {"new"}
    assert "week before" not in contexts(blocks)[0]


def test_a_link_stays_one_whatever_the_address_holds() -> None:
    _, blocks = composed(week(1), "https://console.example.com/a_b|c>?x=1&y=*")
    assert contexts(blocks)[0].endswith(
        "<https://console.example.com/a%5Fb%7Cc&gt;?x=1&amp;y=%2A|Open the console>"
    )


def test_the_same_facts_are_the_same_message() -> None:
    assert composed(week()) == composed(week())


def test_a_person_can_read_it_before_it_is_sent() -> None:
    parts = SLACK_SUMMARY.compose(told(week()), console_url=None)
    shown = SLACK_SUMMARY.preview(parts)
    assert shown.startswith("Customer engagement, Mar 22")
    assert "\n41. *Quiet Summit Dental*  56 · Bottom 30% · ▼ 2\n" in shown
    assert "{" not in shown

"""The messages that a sync can have composed of facts, by name and destination."""

from __future__ import annotations

from collections.abc import Mapping

from activation.messages.composer import Composer
from activation.messages.engagement_summary.email import EMAIL_SUMMARY
from activation.messages.engagement_summary.slack import SLACK_SUMMARY

COMPOSERS: Mapping[str, Mapping[str, Composer]] = {
    "engagement_summary": {"email": EMAIL_SUMMARY, "slack": SLACK_SUMMARY},
}

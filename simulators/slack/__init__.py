"""A local Slack: one channel behind an incoming webhook."""

from simulators.slack.app import DEFAULT_WEBHOOK_PATH, SlackSimulator
from simulators.slack.state import Posted, SlackState, Standing

__all__ = ["DEFAULT_WEBHOOK_PATH", "Posted", "SlackSimulator", "SlackState", "Standing"]

"""The weekly summary of customer engagement (spec/engagement.md, Publish).

The facts, how they are put into words, and what Slack and e-mail make of them.
"""

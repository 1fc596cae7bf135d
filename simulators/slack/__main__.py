"""`python -m simulators.slack`: the local Slack alone, until it is interrupted."""

from __future__ import annotations

from typing import Annotated

import typer

from simulators.alone import serve_until_ended
from simulators.slack.app import SlackSimulator


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
) -> None:
    """Run a local Slack with an empty channel, and print its base URL.

    Its webhook is below that, at /services/T00000000/B00000000/localSlackWebhook. Ctrl-C or SIGTERM
    ends it.

    Example: python -m simulators.slack --port 8767
    """
    serve_until_ended(SlackSimulator(), port=port)


if __name__ == "__main__":
    typer.run(main)

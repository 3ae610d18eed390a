"""Answers of a backend that come late, and a slow browser, to find the tests that rely on a quick machine.

FEDSM_TEST_LATE, a word of one's choice, turns it on: the same word gives the same delays. `python -m tests.late` is
`python -m backend` with them.
"""

import asyncio
import os
import random
import re
from collections import Counter

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WORD = os.environ.get("FEDSM_TEST_LATE")
#: At most, for what a browser asks: an answer of the API, or a file of the pages.
BROWSER_SECONDS = 1.5
#: One in ten of these, which all that a page asks beside it overtakes.
LATEST_SECONDS = 3.0
#: For what a command, a worker or a hospital asks: they ask hundreds of times.
PROGRAM_SECONDS = 0.15
#: Between two parts of a stream of events.
EVENT_SECONDS = 0.4
#: How much slower a browser's processor is.
SLOWNESS = (1, 3, 6)
#: An id is another one in each run of the tests.
ID = re.compile(r"[0-9a-f]{12,}|[0-9a-zA-Z_-]{20,}")


def slowness() -> int:
    """Of a browser, as the word says; 1 without a word."""
    return random.Random(f"{WORD} browser").choice(SLOWNESS) if WORD else 1


def make_late(app: FastAPI) -> FastAPI:
    """The same application, whose answers come late where the tests ask for that."""
    if WORD:
        app.add_middleware(LateAnswers)
    return app


class LateAnswers:
    """Half of the questions are read late, and half of the answers, which are out of date by then, are sent late."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._asked: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        question = ID.sub("*", f"{scope['method']} {path}?{query}")
        self._asked[question] += 1
        draw = random.Random(f"{WORD} {question} {self._asked[question]}")
        from_browser = any(name == b"sec-fetch-mode" for name, _ in scope["headers"])
        seconds = draw.uniform(0, BROWSER_SECONDS if from_browser else PROGRAM_SECONDS)
        if from_browser and draw.random() < 0.1:
            seconds = LATEST_SECONDS
        reads_late, is_stream = draw.random() < 0.5, path.endswith("/stream")

        async def late(message: Message) -> None:
            if message["type"] == "http.response.start" and not reads_late:
                await asyncio.sleep(seconds)
            elif is_stream and message["type"] == "http.response.body":
                await asyncio.sleep(draw.uniform(0, EVENT_SECONDS))
            await send(message)

        if reads_late:
            await asyncio.sleep(seconds)
        await self._app(scope, receive, late)


def main() -> None:
    from backend import start

    create = start.create_app
    start.create_app = lambda settings: make_late(create(settings))
    start.serve()


if __name__ == "__main__":
    main()

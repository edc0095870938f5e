"""Requests that name themselves by an Idempotency-Key: the same sender's same request gets the same answer for a day, from any replica.

A key is noted with a hash of the body before its work begins, and the answer with it before anybody hears the answer. So the work must
bear being repeated: who died half way is taken over from once he has had his time."""

import asyncio
import hashlib
import json
import logging
import random
import secrets
from collections.abc import Awaitable, Callable

from fastapi import Response

import clock
from refusal import Invalid, Refusal, Unavailable
from sidecar import Lost, Sidecar

log = logging.getLogger("once")

KEPT = 24 * 3600  # seconds
MARGIN = 2_000  # ms
TRIES = 30


class Replayed(Refusal):
    """A refusal that was given before."""


def reused() -> Refusal:
    return of_key("This Idempotency-Key came with another request before", "idempotency_key_reused")


def of_key(message: str, code: str) -> Refusal:
    return Refusal({"message": message, "field": "Idempotency-Key", "code": code}, status=409)


def check_key(key: str) -> None:
    if not 1 <= len(key) <= 255 or any(not " " <= c <= "~" for c in key):
        raise Invalid({"message": "Idempotency-Key must be 1 to 255 printable ASCII characters", "field": "Idempotency-Key"})


class Once:
    def __init__(self, sidecar: Sidecar, limit: int, now=clock.now):
        self.sidecar, self.limit, self.now = sidecar, limit + MARGIN, now

    async def do(self, sender: str, path: str, key: str, body: bytes, work: Callable[[], Awaitable[Response]]) -> Response:
        name = "request:" + digest(sender, path, key)
        me, sum_ = secrets.token_hex(8), digest(body.decode("latin-1"))
        known = await self._begin(name, me, sum_)
        if known.get("done"):
            return replay(known)
        try:
            answer, error = await work(), None
        except Refusal as e:
            answer, error = None, e
        now = await self._end(name, me, answer, error)
        if now and now.get("done") and now["by"] != me:  # we took so long that somebody took over, and was first
            return replay(now)
        if error:
            raise error
        return answer

    async def _begin(self, name: str, me: str, body: str) -> dict:
        """Takes the key for a try, unless it is done. It raises 409 when it may not be tried."""

        def rule(q: dict) -> dict | None:
            wait = q.get("until", 0) - self.now()
            if q.get("body") and q["body"] != body:
                raise reused()
            if q.get("done"):
                return None
            if q.get("body") and 0 < wait <= self.limit:  # more is another machine's wrong clock
                busy = of_key("The request with this Idempotency-Key is still under way", "idempotency_in_progress")
                busy.retry_after = 1
                raise busy
            return {"body": body, "by": me, "until": self.now() + self.limit}

        return await self._change(name, me, rule)

    async def _end(self, name: str, me: str, answer: Response | None, error: Refusal | None) -> dict | None:
        """Notes how a try ended, and returns what is known then. None when that could not be kept: a repetition does the work again."""

        def rule(q: dict) -> dict | None:
            if q.get("done"):
                return None
            if answer is not None:
                headers = {n: v for n, v in answer.headers.items() if n in ("content-type", "location", "etag")}
                return q | {"done": True, "by": me, "status": answer.status_code, "headers": headers, "text": answer.body.decode()}
            if error.status == 400 and not isinstance(error, Invalid) and error.errors[0]["code"] != "payment_in_progress":
                return q | {"done": True, "by": me, "errors": error.errors}
            if q.get("by") != me:
                return None  # somebody else is at work
            free = isinstance(error, Invalid) or error.status in (401, 404, 413, 415)  # nothing was done: for another body too
            return {"body": "" if free else q["body"], "by": me, "until": 0}

        try:
            async with asyncio.timeout(2):
                return await self._change(name, "", rule)
        except (Unavailable, TimeoutError) as e:
            log.warning("an answer was not kept, a repetition does the work again: %s", e)
            return None

    async def _change(self, name: str, me: str, rule: Callable[[dict], dict | None]) -> dict:
        last: object = None
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(random.random() * min(attempt * 0.01, 0.3))
            try:
                raw, etag = await self.sidecar.load(name)
                q = json.loads(raw) if raw else {}
                if last and me and q.get("by") == me:
                    return q  # our write got through, only its answer was lost
                after = rule(q)
                if after is None:
                    return q
                await self.sidecar.save(name, json.dumps(after).encode(), etag, KEPT)
                return after
            except (Lost, Unavailable) as e:
                last = e
        raise Unavailable(last)


def replay(q: dict) -> Response:
    if "errors" in q:
        raise Replayed(*q["errors"])
    return Response(q["text"], q["status"], q["headers"] | {"Idempotency-Replayed": "true"})


def digest(*texts: str) -> str:
    whole = hashlib.sha256()
    for text in texts:
        whole.update(hashlib.sha256(text.encode()).digest())
    return whole.hexdigest()

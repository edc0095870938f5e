"""An Idempotency-Key: the same request is done once, whatever dies and whoever repeats it. Run by: python -m unittest, in this folder."""

import asyncio
import logging
import unittest

from fastapi.responses import JSONResponse

from once import Once, Replayed, check_key
from refusal import Invalid, NotFound, Refusal, Unavailable
from sidecar import Lost

LIMIT = 30_000


class Died(BaseException):
    """The process is gone: nothing catches it."""


class Store:
    """The sidecar's state, each call of which may fail: with what it does done, or not."""

    def __init__(self):
        self.docs, self.at, self.left, self.effective, self.how = {}, 1_000_000, 1_000_000, False, Died

    def call(self, effect):
        self.left -= 1
        if self.left == 0:
            if self.effective:
                effect()
            raise self.how("gone")
        return effect()

    async def load(self, key):
        return self.call(lambda: self.docs.get(key, (b"", "")))

    async def save(self, key, value, etag, ttl):
        assert ttl == 24 * 3600

        def effect():
            if self.docs.get(key, (b"", ""))[1] != etag:
                raise Lost
            self.docs[key] = value, str(int(etag or 0) + 1)
        self.call(effect)


class Idempotency(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.store, self.done = Store(), 0
        self.once = Once(self.store, LIMIT, lambda: self.store.at)

    async def paid(self):
        self.done += 1
        return JSONResponse({"id": f"P{self.done}"}, 201, {"Location": "/api/payments/O"})

    async def send(self, body=b"{}", key="k", by="bob", work=None):
        return await self.once.do(by, "/api/payments", key, body, work or self.paid)

    def code(self, caught):
        return caught.exception.status, caught.exception.errors[0]["code"]

    async def test_the_same_again(self):
        first, second = await self.send(), await self.send()
        self.assertEqual((201, b'{"id":"P1"}', "/api/payments/O"), (second.status_code, second.body, second.headers["location"]))
        self.assertNotIn("idempotency-replayed", first.headers)
        self.assertEqual("true", second.headers["idempotency-replayed"])
        await self.send(key="l")
        await self.send(by="eve")
        self.assertEqual(3, self.done)

    async def test_another_body(self):
        await self.send()
        with self.assertRaises(Refusal) as caught:
            await self.send(b'{"a":1}')
        self.assertEqual((409, "idempotency_key_reused"), self.code(caught))

    async def test_what_is_kept_and_what_is_not(self):
        def refuses(error):
            async def work():
                self.done += 1
                raise error
            return work
        for key, error, times, other in (
                ("declined", Refusal("declined", code="card_declined"), 1, 409),
                ("in progress", Refusal("wait", code="payment_in_progress"), 2, 409),
                ("down", Unavailable("gone"), 2, 409),
                ("invalid", Invalid("wrong"), 2, 201),
                ("not found", NotFound(), 2, 201)):
            with self.subTest(key):
                self.done = 0
                for _ in range(2):
                    with self.assertRaises(Refusal) as caught:
                        await self.send(key=key, work=refuses(error))
                    self.assertEqual((error.status, error.errors), (caught.exception.status, caught.exception.errors))
                self.assertEqual(times, self.done)
                self.assertEqual(times == 1, isinstance(caught.exception, Replayed))
                try:
                    status = (await self.send(b"another", key)).status_code
                except Refusal as e:
                    status = e.status
                self.assertEqual(other, status)

    async def test_two_at_once(self):
        begun, go = asyncio.Event(), asyncio.Event()

        async def slow():
            begun.set()
            await go.wait()
            return await self.paid()
        first = asyncio.create_task(self.send(work=slow))
        await begun.wait()
        with self.assertRaises(Refusal) as caught:
            await self.send()
        self.assertEqual((409, "idempotency_in_progress"), self.code(caught))
        self.assertEqual(1, caught.exception.retry_after)
        self.store.at += LIMIT + 2_001  # it was frozen, and somebody takes over
        taken = await self.send()
        go.set()
        self.assertEqual(taken.body, (await first).body, "one answer stands")

    async def test_killed_at_each_call(self):
        for n in range(1, 5):
            for effective in (False, True):
                for how in (Died, Unavailable):
                    with self.subTest(call=n, done=effective, how=how.__name__):
                        self.setUp()
                        self.store.left, self.store.effective, self.store.how = n, effective, how
                        try:
                            first = await self.send()
                        except Died:
                            first = None
                        self.store.at += LIMIT + 2_001
                        second, third = await self.send(), await self.send()
                        self.assertEqual(second.body, third.body)
                        self.assertEqual("true", third.headers["idempotency-replayed"])
                        self.assertLessEqual(self.done, 2)
                        if first and how is Unavailable:
                            self.assertEqual((first.body, 1), (second.body, self.done))

    def test_keys(self):
        for key in ("", "k" * 256, "é", "a\tb"):
            with self.assertRaises(Invalid):
                check_key(key)
        check_key("k" * 255)


logging.disable(logging.CRITICAL)

if __name__ == "__main__":
    unittest.main()

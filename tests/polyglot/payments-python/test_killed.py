"""Killed at any call, with that call done or not, and whatever happens meanwhile: when everything has been asked for again the books
agree. Run by: python -m unittest, in this folder."""

import asyncio
import logging
import unittest
from decimal import Decimal

from cards import Intent, Refund
from refusal import NotFound, Refusal
from sidecar import Lost
from till import Till

ORDER, BOB, SHOP = "T-1", "bob", "https://shop.example"


class Died(BaseException):
    """The process is gone: nothing catches it."""


class World:
    """Sidecar, card network and orders in one, each call of which may be the process's last."""

    def __init__(self, left: int = 1_000_000, effective: bool = False):
        self.left, self.effective, self.calls = left, effective, 0
        self.at, self.docs, self.jobs, self.topic, self.heard = 1_000_000_000_000, {}, {}, [], 0
        self.order = {"id": ORDER, "status": "created", "userId": BOB, "cancels": 0, "failed": False}
        self.deadline, self.until = self.at + 900_000, 0  # and while a payment is under way
        self.intents: dict[str, Intent] = {}
        self.made: list[str] = []
        self.back: dict[str, Refund] = {}
        self.start()

    def start(self):
        self.dead = False
        self.till = Till(self, self, "usd", lambda: self.at)

    async def mortal(self, effect):
        """A call: the one with which the process dies takes effect or not."""
        if self.dead:
            raise Died
        self.calls += 1
        self.left -= 1
        if self.left == 0:
            self.dead = True
            if self.effective:
                effect()
            raise Died
        return effect()

    # The sidecar.

    async def load(self, key):
        return await self.mortal(lambda: self.docs.get(key, (b"", "")))

    async def save(self, key, value, etag, ttl=0):
        def effect():
            if self.docs.get(key, (b"", ""))[1] != etag:
                raise Lost
            self.docs[key] = value, str(int(etag or 0) + 1)
        await self.mortal(effect)

    async def publish(self, topic, event):
        await self.mortal(lambda: self.topic.append(event))

    async def schedule(self, name, due):
        await self.mortal(lambda: self.jobs.__setitem__(name, due))

    async def unschedule(self, name):
        await self.mortal(lambda: self.jobs.pop(name, None))

    async def invoke(self, app, method, path, body=None):
        def effect():
            if method == "DELETE":
                self.until = 0
                return None
            if self.order["status"] in ("complete", "cancelled"):
                raise Refusal("Cannot pay for this order")
            self.until = self.at + 60_000
            return {"id": ORDER, "userId": BOB, "expiresAt": "2001-09-09T02:01:40.000Z", "ticket": {"price": Decimal("19.99")}}
        return await self.mortal(effect)

    # The card network.

    async def charge(self, p):
        def effect():
            if p.charge_key not in self.intents:
                self.made.append(p.charge_key)
                state = {"tok_no": "declined", "tok_3ds": "waiting"}.get(p.token, "charged")
                action = "https://bank.example" if state == "waiting" else ""
                self.intents[p.charge_key] = Intent(f"pi_{len(self.made)}", ORDER, state, "no", action)
            return self.intents[p.charge_key]
        return await self.mortal(effect)

    async def find(self, p):
        return await self.mortal(lambda: self.intents.get(p.charge_key))

    async def cancel(self, stripe_id):
        def effect():
            found = next(i for i in self.intents.values() if i.id == stripe_id)
            if found.state == "waiting":
                found.state = "declined"
            return found
        return await self.mortal(effect)

    async def refunded(self, stripe_id):
        return await self.mortal(lambda: self.back.get(stripe_id))

    async def refund(self, stripe_id, order_id, attempt):
        return await self.mortal(lambda: self.back.setdefault(stripe_id, Refund("re", "returned")))

    # What happens.

    def do(self, work):
        try:
            return asyncio.run(work)
        except Died:
            self.start()
        except Refusal:
            pass
        return None

    def press(self, token, return_url=""):
        return self.do(self.till.pay(BOB, ORDER, token, return_url))

    def cancel_order(self):
        if self.order["status"] == "created":
            self.order["status"] = "cancelled"
        self.order["cancels"] += 1

    def settle_down(self):
        """Jobs ring, events are heard and time passes until nothing is left to do."""
        for _ in range(200):
            self.at += 5_000
            if self.at > max(self.deadline, self.until) and self.order["status"] == "created":
                said = self.do(self.till.tell(ORDER))  # it must not expire because it is not heard of yet that it is paid
                if said and said["status"] == "succeeded":
                    self.order["status"] = "complete"
                elif said:
                    self.cancel_order()
            while self.heard < len(self.topic):
                event = self.topic[self.heard]
                self.heard += 1
                if event["type"] == "payment.created" and self.order["status"] != "complete":
                    self.order["status"] = "complete" if self.order["status"] == "created" else "cancelled"
                    self.order["cancels"] += self.order["status"] == "cancelled"
                elif event["type"] == "payment.refunded" and self.order["status"] == "complete":
                    self.order["status"] = "refunded"
            for _ in range(self.order["cancels"]):
                if self.do_until_done(lambda: self.till.on_order(dict(self.order))):
                    self.order["cancels"] -= 1
            if self.order["failed"] and self.do_until_done(lambda: self.till.on_handover({"id": ORDER, "status": "failed"})):
                self.order["failed"] = False
            for name in [n for n, due in self.jobs.items() if due <= self.at]:
                due = self.jobs[name]
                kind, _, rest = name.partition("-")
                work = self.till.on_settle if kind == "settle" else self.till.on_refund
                if self.do_until_done(lambda: work(rest)) and self.jobs.get(name) == due:
                    del self.jobs[name]

    def do_until_done(self, work) -> bool:
        try:
            asyncio.run(work())
            return True
        except Died:
            self.start()
        except Refusal:
            pass
        return False

    def standing(self):
        return [i for i in self.intents.values() if i.state == "charged" and i.id not in self.back]


def good(w):
    w.press("tok_visa")


def again(w):
    w.press("tok_visa")
    w.press("tok_visa")


def bad_then_good(w):
    w.press("tok_no")
    w.press("tok_visa")


def ends_meanwhile(w):
    w.press("tok_visa")
    w.cancel_order()


def dead_until_it_is_over(w):
    w.press("tok_visa")
    w.at += 3_600_000
    w.cancel_order()


def bank_says_yes(w):
    w.press("tok_3ds", SHOP)
    for i in w.intents.values():
        i.state = "charged"


def bank_asks_in_vain(w):
    w.press("tok_3ds", SHOP)


def another_card(w):
    w.press("tok_3ds", SHOP)
    w.press("tok_visa", SHOP)


def not_handed_over(w):
    w.press("tok_visa")
    w.settle_down()
    w.order["failed"] = w.order["status"] == "complete"


class KilledAnywhere(unittest.TestCase):
    def sound(self, w):
        w.left = 1_000_000
        try:
            p = asyncio.run(w.till.payments.get(ORDER))
        except NotFound:
            self.assertEqual([], w.standing())
            return
        standing = len(w.standing())
        self.assertLessEqual(standing, 1, "charged once at the most")
        self.assertEqual(standing == 1, w.order["status"] == "complete", f"a charge stands for a completed order: {w.order} {p}")
        self.assertEqual(standing == 1, p.status == "succeeded", f"and payments knows: {p}")
        self.assertNotIn(p.status, ("pending", "refunding"), "nothing is left open")
        self.assertEqual(set(range(1, p.version + 1)), {e["data"]["version"] for e in w.topic}, "each version was announced")
        self.assertEqual(len(set(w.made)), len(w.made), "no attempt was made twice")

    def test_each_story_at_each_call(self):
        for story in (good, again, bad_then_good, ends_meanwhile, dead_until_it_is_over, bank_says_yes, bank_asks_in_vain, another_card,
                      not_handed_over):
            whole = World()
            story(whole)
            whole.settle_down()
            self.sound(whole)
            for n in range(1, whole.calls + 2):
                for effective in (False, True):
                    with self.subTest(story=story.__name__, call=n, done=effective):
                        w = World(n, effective)
                        story(w)
                        w.settle_down()
                        self.sound(w)
                        if story is not_handed_over:
                            self.assertEqual([], w.standing(), "the buyer has his money back")
                        if story in (good, again) and w.made:
                            self.assertEqual("complete", w.order["status"], "who has paid in time keeps the ticket")


logging.disable(logging.CRITICAL)

if __name__ == "__main__":
    unittest.main()

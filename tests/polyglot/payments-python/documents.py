"""Payments as they are kept: one document each, in which a change and its events are one ETag write. How it looks is nobody else's
business.

No event is lost because everything that changes a payment is asked for again until it is told that it is done: events by the
broker, jobs by the scheduler, and a buyer's payment by the job that is set before it. Each of them publishes what the document
holds before it says so, whether it changed anything or found the change made by somebody who died. An event may be published more
than once, always under the same id."""

import asyncio
import copy
import json
import random
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from payment import Payment, events
from refusal import NotFound, Unannounced, Unavailable
from sidecar import Lost, Sidecar

WRITERS_KEPT = 8  # a write whose answer was lost is recognised by its name as long as fewer others have followed
TRIES = 30


@dataclass
class Document:
    payment: Payment = field(default_factory=Payment)
    outbox: list[dict] = field(default_factory=list)  # events committed with the payment
    writers: list[str] = field(default_factory=list)  # the latest, newest last; empty: there is no document
    etag: str = ""
    version: int = 0  # counts writes


class Documents:
    def __init__(self, sidecar: Sidecar):
        self.sidecar = sidecar
        self.published: OrderedDict[str, None] = OrderedDict()  # events that this process knows to be, the latest

    async def get(self, order_id: str) -> Payment:
        doc = await self._load(order_id)
        if not doc.writers:
            raise NotFound
        return doc.payment

    async def announced(self, order_id: str) -> Payment:
        """The payment once all that its document holds is published: the end of repeated work that finds nothing left to change."""
        doc = await self._load(order_id)
        if not doc.writers:
            raise NotFound
        return await self._publish(doc)

    async def change(self, order_id: str, rule: Callable[[Payment], None], create: bool = False) -> Payment:
        """Changes a payment and returns it as it is then, announced. The rule may run several times; what it raises goes through
        and nothing is written."""
        me, last = secrets.token_hex(8), None
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(random.random() * min(attempt * 0.01, 0.3))
            try:
                doc = await self._load(order_id)
            except Unavailable as e:
                last = e
                continue
            if me in doc.writers:
                return await self._publish(doc)  # our write got through, only its answer was lost
            if not doc.writers and not create:
                raise NotFound
            after = copy.copy(doc.payment)
            rule(after)
            if after == doc.payment:
                return await self._publish(doc)
            doc = Document(after, [e for e in doc.outbox if e["id"] not in self.published] + events(doc.payment, after),
                           [*doc.writers[1 - WRITERS_KEPT:], me], doc.etag, doc.version + 1)
            try:
                await self.sidecar.save(f"payment:{order_id}", written(doc), doc.etag)
            except (Lost, Unavailable) as e:
                last = e
                continue
            return await self._publish(doc)
        raise Unavailable(last)

    async def _load(self, order_id: str) -> Document:
        raw, etag = await self.sidecar.load(f"payment:{order_id}")
        if not raw:
            return Document()
        held = json.loads(raw)
        return Document(Payment(**held["payment"]), held["outbox"], held["writers"], etag, held["version"])

    async def _publish(self, doc: Document) -> Payment:
        for event in doc.outbox:
            if event["id"] in self.published:
                continue
            try:
                await self.sidecar.publish("payments", event)
            except Unavailable as e:
                raise Unannounced(doc.payment, e) from e
            self.published[event["id"]] = None
            if len(self.published) > 50_000:
                self.published.popitem(last=False)
        return doc.payment


def written(doc: Document) -> bytes:
    """Key and version are where the Go service has them, and nothing else is, on purpose: where the two meet in one store each stumbles
    over the other's documents, and nobody is charged twice."""
    return json.dumps({"version": doc.version, "writers": doc.writers, "outbox": doc.outbox, "payment": asdict(doc.payment)}).encode()

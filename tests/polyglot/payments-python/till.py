"""Taking the money and giving it back: each charge once, whatever dies and whenever.

A job is set before anything is charged; it looks how the attempt ended when whoever began has had the time to finish. An attempt is
written down before it is made. Whoever finds one open looks for it at the card network first, and makes it only while orders still
keeps the ticket for it, under the attempt's own name. So there is never a second charge, and no charge that nobody knows of."""

import asyncio
import logging
import secrets

import stripe

import clock
from cards import LOST_AFTER, MADE_BY, PAY_LIMIT, Cards, Intent, Refund, meaning
from documents import Documents
from payment import Payment
from refusal import Invalid, NotFound, NotOwner, Refusal, Unannounced, Unavailable
from sidecar import Sidecar

log = logging.getLogger("till")

SETTLE_AFTER = PAY_LIMIT + 5_000  # ms until the first look
NEVER_MADE = "The payment could not be made, nothing was charged"
KEPT = 10_000


def pause(look: int) -> int:
    """The time before a look, longer with each."""
    return min(5_000 << min(look, 10), 300_000)


def job_parts(rest: str, count: int) -> list:
    """What the name of a job says, of which the last is a number."""
    *parts, number = rest.split(".")
    if len(parts) != count - 1 or not number.isdecimal():
        raise Invalid(f"{rest} is none of our jobs")
    return [*parts, int(number)]


def unsettled(cause: object) -> Unavailable:
    return Unavailable(cause, "The card network did not answer. The payment is being settled; look at the order before you pay again", 5)


def needs_person(order_id: str, why: str) -> None:
    """The line that an operator watches for: money that no repetition will put right."""
    log.error("needs a person: order %s: %s", order_id, why)


class Till:
    def __init__(self, sidecar: Sidecar, cards: Cards, currency: str, now=clock.now):
        self.sidecar, self.cards, self.currency, self.now = sidecar, cards, currency, now
        self.payments = Documents(sidecar)
        self.settled: dict[str, None] = {}  # attempts whose outcome this replica has saved and announced, the latest

    # A buyer pays.

    async def pay(self, buyer: str, order_id: str, token: str, return_url: str) -> Payment:
        """Makes sure that the order may be paid, then charges. An attempt that was under way already ends first. It may answer with
        an unannounced payment: the job sees to that."""
        try:
            async with asyncio.timeout(PAY_LIMIT / 1000):
                return await self._pay(buyer, order_id, token, return_url)
        except Unannounced as e:
            return e.payment
        except TimeoutError as e:
            raise unsettled(e) from e

    async def _pay(self, buyer: str, order_id: str, token: str, return_url: str) -> Payment:
        while True:
            checkout = secrets.token_hex(8)
            try:
                order = await self._checkout(order_id, buyer, checkout)
            except Unavailable:
                raise
            except Refusal as refusal:
                if refusal.status != 400:
                    raise
                return await self._paid_before(order_id, buyer, refusal)
            # Until the job is set nothing is charged; once it is set, it finishes whatever is begun here.
            await self._set_settle(order_id, checkout, 0, self.now() + SETTLE_AFTER)
            try:
                p = await self.payments.change(order_id, lambda p: p.begin(
                    secrets.token_urlsafe(16), order, self.currency, checkout, token, return_url, self.now()), create=True)
            except Unavailable:
                raise
            except Refusal:
                await self._end_checkout(order_id, checkout)
                raise
            tried = p.token
            p = await (self._charge(p) if p.checkout == checkout else self._go_on(p, checkout, token, return_url))
            if tried == token or p.status != "declined":
                return p

    async def _go_on(self, p: Payment, checkout: str, token: str, return_url: str) -> Payment:
        """Settles the attempt that was found under way. One that waits for the buyer has waited long enough when he comes with another
        card, or from where he cannot do what his bank asks for."""
        if p.awaits and (p.token != token or not return_url):
            attempt = p.attempt
            p = await self.payments.change(p.order_id, lambda p: p.lapse(attempt, self.now()))
        p = await self.settle(p)
        if p.status == "declined":
            await self._end_checkout(p.order_id, checkout)  # ours too
        return p

    async def _paid_before(self, order_id: str, buyer: str, refusal: Refusal) -> Payment:
        """Answers a repeat: orders refuses to check out what is paid already. Otherwise the refusal stands."""
        try:
            p = await self.payments.announced(order_id)
        except NotFound:
            raise refusal from None
        except Unannounced as e:
            p = e.payment
        if p.user_id == buyer and p.status == "succeeded":
            return p
        raise refusal

    async def _checkout(self, order_id: str, user_id: str, checkout: str) -> dict:
        """Asks orders to keep the ticket while we charge."""
        o = await self.sidecar.invoke("orders", "POST", f"/internal/orders/{order_id}/checkout", {"userId": user_id, "checkout": checkout})
        return {"id": o["id"], "userId": o["userId"], "price": o["ticket"]["price"], "expiresAt": clock.read(o["expiresAt"])}

    async def _end_checkout(self, order_id: str, checkout: str) -> None:
        """Lets the buyer cancel or try again at once. Unheard, it happens by itself when the checkout's time is over."""
        try:
            await self.sidecar.invoke("orders", "DELETE", f"/internal/orders/{order_id}/checkout/{checkout}")
        except (Refusal, RuntimeError) as e:
            log.info("orders did not hear of a decline of order %s: %s", order_id, e)

    # How an attempt ended.

    async def _set_settle(self, order_id: str, checkout: str, look: int, due: int) -> None:
        await self.sidecar.schedule(f"settle-{order_id}.{checkout}.{look}", due)

    async def on_settle(self, rest: str) -> None:
        """Looks how an attempt ended. While that is open it sees to the next look itself: a job that fails would come again every
        two seconds."""
        order_id, checkout, look = job_parts(rest, 3)
        try:
            p = await self.payments.announced(order_id)  # whoever saved an outcome may have died before it was told
        except NotFound:
            return  # died between setting the job and saving the attempt: nothing was charged
        if p.checkout != checkout or p.status != "pending":
            return  # ended, or another attempt: that one has a job of its own
        try:
            p = await self.settle(p)
            if p.status != "pending":
                return
            why = p.status
        except (Unavailable, TimeoutError) as e:
            why = e
        log.info("the payment for order %s is still open at look %s: %s", order_id, look, why)
        due = self.now() + pause(look)
        if p.awaits:
            due = max(due, p.until)
        await self._set_settle(order_id, checkout, look + 1, due)

    async def settle(self, p: Payment) -> Payment:
        """Finds out how an attempt ended, and notes it. Any number of times at once is the same as once: the card network does each
        thing under one name. It raises Unavailable while the outcome is unknown."""
        if p.status != "pending":
            return await self.payments.announced(p.order_id)
        try:
            found = await self.cards.find(p)
        except stripe.StripeError as e:
            raise unsettled(e) from e
        if found:
            return await self._note(p, found)
        # The card network knows of none. When nobody can be about to make it any more it counts as declined; until then it is made
        # only while orders still keeps the ticket for it.
        if self.now() - p.begun_at > LOST_AFTER:
            return await self._decline(p, NEVER_MADE)
        if self.now() - p.begun_at > MADE_BY:
            raise unsettled("the card network knows of none")
        try:
            await self._checkout(p.order_id, p.user_id, p.checkout)
        except (Refusal, RuntimeError) as e:
            raise unsettled(e) from e
        return await self._charge(p)

    async def _charge(self, p: Payment) -> Payment:
        """Makes an attempt. Nobody else may have begun to, or it must be known that the card network has none."""
        try:
            made = await self.cards.charge(p)
        except stripe.StripeError as e:
            match meaning(e, "charge"):
                case "refused":
                    return await self._decline(p, e.user_message or NEVER_MADE)
                case "person":
                    needs_person(p.order_id, str(e))
                    return await self._decline(p, NEVER_MADE)
                case "later":
                    raise unsettled(e) from e
            try:
                made = await self.cards.find(p)
            except stripe.StripeError:
                made = None
            if made is None:
                raise unsettled(e) from e
        return await self._note(p, made)

    async def _note(self, p: Payment, made: Intent) -> Payment:
        """Saves what the card network says of an attempt. One that waits for the buyer longer than he has time is ended."""
        if made.state == "waiting" and self.now() >= p.until:
            try:
                made = await self.cards.cancel(made.id)
            except stripe.StripeError as e:
                raise unsettled(e) from e
            if made.state == "waiting":
                raise unsettled("it cannot be ended")
        attempt = p.attempt
        if made.state == "declined":
            return await self._decline(p, made.reason)
        if made.state == "charged":
            key, job = p.charge_key, f"settle-{p.order_id}.{p.checkout}.0"
            p = await self.payments.change(p.order_id, lambda p: p.charged(attempt, made.id))
            if not p.took(made.id):  # given up meanwhile
                await self._send_back(p.order_id, made.id)
                return p
            self.settled[key] = None
            if len(self.settled) > KEPT:
                del self.settled[next(iter(self.settled))]
            await self.sidecar.unschedule(job)
            return p
        p = await self.payments.change(p.order_id, lambda p: p.wait(attempt, made.id, made.action_url))
        if p.status == "pending" and made.state == "processing":
            raise unsettled(f"payment intent {made.id} is processing")
        return p

    async def _decline(self, p: Payment, reason: str) -> Payment:
        """Notes that nothing was charged, and lets the buyer try again."""
        attempt = p.attempt
        now = await self.payments.change(p.order_id, lambda p: p.decline(attempt, reason))
        await self._end_checkout(p.order_id, p.checkout)  # this attempt's: the next may have begun
        await self.sidecar.unschedule(f"settle-{p.order_id}.{p.checkout}.0")
        return now

    async def show(self, buyer: str, order_id: str) -> Payment:
        """One who comes back from his bank finds out here: nobody else may have looked yet."""
        p = await self.payments.get(order_id)
        if p.user_id != buyer:
            raise NotOwner
        if p.awaits:
            try:
                return await self.settle(p)
            except Unavailable as e:
                log.info("the payment for order %s stays open: %s", order_id, e)
        return p

    async def tell(self, order_id: str) -> dict:
        """How the payment for an order stands, for orders: an order that is paid must not expire because that is not heard of yet."""
        try:
            p = await self.payments.get(order_id)
        except NotFound:
            return {"id": "", "status": "none"}  # nobody has tried to pay
        return {"id": p.id, "status": p.status}

    # The money goes back.

    async def on_order(self, order: dict) -> None:
        """Sends a charge back when its order was cancelled: it decides so and leaves the rest to a job, since the card network may
        take longer than the events behind this one should wait. An attempt that is still under way gets no more time. If it is charged
        all the same, orders finds it paid for a cancelled order and says so again."""
        if order["status"] != "cancelled":
            return
        order_id = order["id"]

        def rule(p: Payment) -> None:
            p.lapse(p.attempt, self.now())
            p.give_back()

        try:
            p = await self.payments.get(order_id)
        except NotFound:
            return  # nobody tried to pay
        if p.status not in ("succeeded", "refunding") and not p.awaits:
            return
        p = await self.payments.change(order_id, rule)
        if p.returning:
            await self.sidecar.schedule(f"refund-{order_id}.0", self.now())
        elif p.awaits:
            await self._set_settle(order_id, p.checkout, 0, self.now())

    async def on_handover(self, handover: dict) -> None:
        """Sends a charge back whose ticket did not get to its buyer, and leaves the rest to the job, as above. No order is completed
        before its charge is saved, so it is there."""
        if handover["status"] != "failed":
            return
        p = await self.payments.change(handover["id"], Payment.give_back)
        if p.returning:
            await self.sidecar.schedule(f"refund-{handover['id']}.0", self.now())

    async def on_refund(self, rest: str) -> None:
        """Sends a charge back, and looks again until it has arrived or a person must see to it."""
        order_id, attempt = job_parts(rest, 2)
        p = await self.payments.announced(order_id)
        if not p.returning:
            return
        try:
            p = await self._refund(p, attempt)
            if not p.returning:
                return
            why = "under way"
        except (stripe.StripeError, Unavailable) as e:
            why = e
        log.info("the refund for order %s is not made yet at try %d: %s", order_id, attempt, why)
        await self.sidecar.schedule(f"refund-{order_id}.{attempt + 1}", self.now() + pause(attempt))

    async def _refund(self, p: Payment, attempt: int) -> Payment:
        """Looks whether the charge went back, asks for it if not, and notes what has become of it."""
        try:
            made = await self.cards.refunded(p.stripe_id)
            if made is None or made.state == "in part":
                try:
                    made = await self.cards.refund(p.stripe_id, p.order_id, attempt)
                except stripe.StripeError as e:
                    if meaning(e, "refund") != "done":
                        raise
                    made = await self.cards.refunded(p.stripe_id)
        except stripe.StripeError as e:
            if meaning(e, "refund") != "person":
                raise
            made = Refund("", "failed", str(e))
        return await self._note_refund(p, made) if made else p

    async def _send_back(self, order_id: str, stripe_id: str) -> None:
        """Returns a charge that no payment stands for: its attempt was given up before it was heard of. Its refund belongs to no
        document; what becomes of it later comes by webhook."""
        log.warning("a charge of an attempt that was given up goes back: order %s, %s", order_id, stripe_id)
        why = ""
        try:
            made = await self.cards.refund(stripe_id, order_id, self.now())  # another name each time: a failure would be repeated
            why = made.reason if made.state == "failed" else ""
        except stripe.StripeError as e:
            match meaning(e, "refund"):
                case "person":
                    why = str(e)
                case "later":
                    raise Unavailable(e) from e
        if why:
            needs_person(order_id, f"the charge {stripe_id} of an attempt that was given up does not go back: {why}")

    async def _note_refund(self, p: Payment, made: Refund) -> Payment:
        before = p.trouble

        def rule(p: Payment) -> None:
            if made.state == "returned":
                p.returned(made.id, self.now())
            elif made.state == "failed":
                p.stuck(made.id, made.reason)

        p = await self.payments.change(p.order_id, rule)
        if p.trouble and p.trouble != before:
            needs_person(p.order_id, p.trouble)
        return p

    # Stripe tells of something.

    async def on_stripe(self, event: dict) -> None:
        """What Stripe says is only a reason to look: what happened is asked for, so repeats, old news and forgeries of content change
        nothing."""
        try:
            kind, told = event["type"], event["data"]["object"]
            about = {key: told.get(key) or "" for key in ("id", "payment_intent")}
            metadata = told.get("metadata") or {}
            order_id, attempt = metadata.get("order_id", ""), metadata.get("attempt", "")
        except (LookupError, TypeError, AttributeError):
            raise Invalid("The event is not one of Stripe's") from None
        try:
            async with asyncio.timeout(PAY_LIMIT / 1000):
                match kind:
                    case "payment_intent.succeeded" | "payment_intent.payment_failed" | "payment_intent.canceled":
                        if order_id and attempt not in self.settled:  # of our making, and news
                            await self._on_intent(about["id"], order_id, attempt, kind == "payment_intent.succeeded")
                    case "charge.refunded" | "charge.refund.updated" | "refund.updated" | "refund.failed":
                        await self._on_money_back(about["payment_intent"])
                    case "charge.dispute.created":
                        found = await self._look(about["payment_intent"])
                        if found and found.order_id:
                            needs_person(found.order_id, f"the card's owner disputes the charge {found.id}")
        except TimeoutError as e:
            raise Unavailable(e) from e

    async def _on_intent(self, stripe_id: str, order_id: str, attempt: str, succeeded: bool) -> None:
        """Settles the attempt that Stripe tells of. A charge that the payment does not stand for goes back: its attempt had been
        given up."""
        try:
            p = await self.payments.announced(order_id)
        except NotFound:
            needs_person(order_id, f"Stripe tells of {stripe_id}, which is for no payment we know")
            return
        if p.status == "pending" and attempt == p.charge_key:
            await self.settle(p)
            return
        if not succeeded or p.took(stripe_id):
            return
        found = await self._look(stripe_id)
        if found is None or found.state != "charged" or found.order_id != p.order_id:
            return
        await self._send_back(p.order_id, found.id)

    async def _on_money_back(self, stripe_id: str) -> None:
        """A charge, or a part of it, went back or did not arrive: decided here, or by hand at Stripe."""
        found = await self._look(stripe_id)
        if found is None or not found.order_id:
            return
        try:
            p = await self.payments.announced(found.order_id)
        except NotFound:
            return
        if p.status == "pending":
            p = await self.settle(p)  # its charge may be the one
        try:
            made = await self.cards.refunded(found.id)
        except stripe.StripeError as e:
            raise Unavailable(e) from e
        if made and p.took(found.id):
            await self._note_refund(p, made)
        elif made and made.state == "failed":
            needs_person(p.order_id, f"the charge {found.id} of an attempt that was given up does not go back: {made.reason}")

    async def _look(self, stripe_id: str) -> Intent | None:
        """Asks for an intent that an event named; None for one that does not exist."""
        if not stripe_id:
            return None
        try:
            return await self.cards.look(stripe_id)
        except stripe.StripeError as e:
            if e.http_status == 404:
                return None
            raise Unavailable(e) from e

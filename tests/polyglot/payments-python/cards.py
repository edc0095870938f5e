"""The card network, by Stripe's own library. It makes one second try of its own; what an answer means stands in the table below."""

from collections.abc import Callable
from dataclasses import dataclass

import stripe

from payment import Payment

LIMIT = 20  # seconds for one call
# ms after which an attempt that the network knows nothing of is made no more, and after which it counts as never made: whoever began to
# make it just before MADE_BY has ended by then, whatever clock he looked at.
MADE_BY, LOST_AFTER = 75_000, 180_000
PAY_LIMIT = 30_000  # ms that a buyer waits for the card network
SLACK = 60_000  # ms that Stripe's clock may be from ours

NOT_FINISHED = "Your bank's confirmation was not finished in time, nothing was charged"


@dataclass
class Intent:
    """An attempt to charge, as the card network tells of it."""

    id: str
    order_id: str
    state: str  # processing, waiting (for the buyer), charged, declined
    reason: str = ""  # why it was declined, in words for the card's owner
    action_url: str = ""  # where the buyer has to go while it waits for him


@dataclass
class Refund:
    """Money on its way back: the refund that covers the charge, or the latest."""

    id: str
    state: str  # under way, returned (the whole charge), in part (by hand), failed (the money is with us again)
    reason: str = ""


class Cards:
    def __init__(self, key: str, base: str):
        self.api = stripe.StripeClient(key, base_addresses={"api": base} if base else {}, max_network_retries=1,
                                       http_client=stripe.HTTPXClient(timeout=LIMIT)).v1

    async def charge(self, p: Payment) -> Intent:
        """Asks for the attempt's charge under the attempt's name: asking again under the same name is the same charge."""
        params = {"amount": p.amount, "currency": p.currency, "confirm": True, "payment_method_types": ["card"],
                  "description": f"Order {p.order_id}", "metadata": {"order_id": p.order_id, "attempt": p.charge_key}}
        if p.return_url:
            params["return_url"] = p.return_url
        else:
            params["error_on_requires_action"] = True  # nobody is there to act
        if p.token.startswith("tok_"):
            params["payment_method_data"] = {"type": "card", "card": {"token": p.token}}
        else:
            params["payment_method"] = p.token
        return intent_of(await self.api.payment_intents.create_async(params, {"idempotency_key": p.charge_key}))

    async def find(self, p: Payment) -> Intent | None:
        """Looks for the attempt and changes nothing: by Stripe's name of it, or, where that was lost, in the list of all that were
        made while this one can have been. None: the network knows of no such attempt."""
        if p.stripe_id:
            return await self.look(p.stripe_id)
        created = {"gte": (p.begun_at - SLACK) // 1000, "lte": (p.begun_at + LOST_AFTER + PAY_LIMIT + SLACK) // 1000 + 1}
        page = await self.api.payment_intents.list_async({"created": created, "limit": 100})
        async for found in page.auto_paging_iter():
            if found.to_dict()["metadata"].get("attempt") == p.charge_key:
                return intent_of(found)
        return None

    async def look(self, stripe_id: str) -> Intent:
        return intent_of(await self.api.payment_intents.retrieve_async(stripe_id))

    async def cancel(self, stripe_id: str) -> Intent:
        """Ends an attempt that waits for the buyer, and tells how it ended: the buyer may have been quicker."""
        try:
            return intent_of(await self.api.payment_intents.cancel_async(stripe_id, {"cancellation_reason": "abandoned"}))
        except stripe.StripeError as e:
            if e.code != "payment_intent_unexpected_state":
                raise
            return await self.look(stripe_id)

    async def refund(self, stripe_id: str, order_id: str, attempt: int) -> Refund:
        """Sends the whole charge back. Stripe returns no more than was charged, so asking under many names sends nothing back
        twice; under one name it would repeat a failure for a day."""
        return refund_of((await self.api.refunds.create_async(
            {"payment_intent": stripe_id, "reason": "requested_by_customer", "metadata": {"order_id": order_id}},
            {"idempotency_key": f"refund-{stripe_id}-{attempt}"})).to_dict())

    async def refunded(self, stripe_id: str) -> Refund | None:
        """What has become of the charge's refunds, None when nothing went back."""
        received = (await self.api.payment_intents.retrieve_async(stripe_id)).to_dict().get("amount_received", 0)
        page = await self.api.refunds.list_async({"payment_intent": stripe_id, "limit": 100})
        made = [r.to_dict() async for r in page.auto_paging_iter()]  # the latest first
        arrived = [r for r in made if r["status"] == "succeeded"]
        if not made:
            return None
        if arrived and sum(r["amount"] for r in arrived) >= received:
            return refund_of(arrived[0])
        if made[0]["status"] != "succeeded":
            return refund_of(made[0])
        return Refund(arrived[0]["id"], "in part")


def intent_of(found: stripe.PaymentIntent) -> Intent:
    told = found.to_dict()
    out = Intent(told["id"], (told.get("metadata") or {}).get("order_id", ""), "")
    match told["status"]:
        case "succeeded":
            out.state = "charged"
        case "processing":
            out.state = "processing"
        case "requires_action":
            out.state = "waiting"  # without an address there is no way to do it, and its time runs out
            out.action_url = ((told.get("next_action") or {}).get("redirect_to_url") or {}).get("url") or ""
        case "requires_payment_method" | "canceled":
            out.state, out.reason = "declined", (told.get("last_payment_error") or {}).get("message") or NOT_FINISHED
        case other:
            raise stripe.APIError(f"payment intent {out.id} is {other}")
    return out


def refund_of(told: dict) -> Refund:
    match told["status"]:
        case "succeeded":
            return Refund(told["id"], "returned")
        case "pending":
            return Refund(told["id"], "under way")
    return Refund(told["id"], "failed", f"refund {told['id']} is {told['status']}: {told.get('failure_reason')}")


# What an answer that is no success means for what was asked:
#   unknown  whether it was done nobody knows: look for it, with growing pauses
#   later    it was not done; ask again, with growing pauses
#   refused  it was not done, nor will be; Stripe says why in words for the card's owner
#   done     it was done before
#   person   it was not done, and asking again cannot help: a person must see to it
# The first that fits counts. docs.stripe.com/error-codes, docs.stripe.com/error-low-level
ANSWERS: list[tuple[Callable[[stripe.StripeError], bool], str, str]] = [  # for a charge, for a refund
    (lambda e: e.http_status is None, "unknown", "later"),  # no answer
    (lambda e: e.http_status in (401, 403), "person", "later"),  # our key is not accepted
    (lambda e: e.http_status == 429 or e.code == "lock_timeout", "later", "later"),
    (lambda e: e.code == "idempotency_key_in_use", "unknown", "later"),
    (lambda e: isinstance(e, stripe.IdempotencyError), "unknown", "later"),  # a refund's next try has another name
    (lambda e: e.http_status == 409, "unknown", "later"),
    (lambda e: e.code == "charge_already_refunded", "unknown", "done"),
    (lambda e: e.code in ("charge_disputed", "refund_disputed_payment"), "unknown", "person"),
    (lambda e: e.code == "balance_insufficient", "unknown", "later"),
    (lambda e: isinstance(e, stripe.CardError), "refused", "person"),
    (lambda e: e.http_status in (400, 404), "refused", "person"),  # there is no such card, or the request is wrong
    (lambda e: True, "unknown", "later"),  # Stripe failed, and would for a day under the same name
]


def meaning(e: stripe.StripeError, of: str) -> str:
    for fits, charge, refund in ANSWERS:
        if fits(e):
            return charge if of == "charge" else refund
    raise AssertionError

"""What can happen to the payment for one order. Pure rules: time comes in, in milliseconds, nothing goes out.

    (none), declined -> pending -> succeeded -> refunding <-> refunded
                        pending -> declined     succeeded  -> refunded
"""

from dataclasses import dataclass
from decimal import Decimal

from refusal import Refusal

WHOLE = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}

# How long before the order's deadline the buyer must be done with his bank: what he does has to be heard of in time.
ACTION_MARGIN = 5_000


@dataclass
class Payment:
    """One charge at the most, whatever number of attempts."""

    id: str = ""
    order_id: str = ""
    user_id: str = ""
    amount: int = 0  # in the smallest unit, as the card network counts
    currency: str = ""
    status: str = ""
    version: int = 0  # one more with each charge or refund

    attempt: int = 0  # from 1
    checkout: str = ""  # under which orders keeps the ticket for this attempt
    token: str = ""  # the card of this attempt
    return_url: str = ""
    begun_at: int = 0
    until: int = 0  # when the buyer must have done what his bank asks for
    action_url: str = ""  # where he does it, "" when there is nothing to do
    stripe_id: str = ""  # Stripe's name of the attempt, once it is known
    reason: str = ""  # why it was declined

    refund_id: str = ""
    refunded_at: int = 0
    trouble: str = ""  # why the money does not go back by itself: a person must see to it

    def begin(self, new_id: str, order: dict, currency: str, checkout: str, token: str, return_url: str, now: int) -> None:
        """Starts an attempt. While one is under way it changes nothing: that one must end first."""
        if self.status in ("pending", "succeeded"):
            return
        if self.status in ("refunding", "refunded"):
            raise Refusal("Cannot pay for a cancelled order", code="order_cancelled")
        if not self.id:
            self.id, self.order_id, self.user_id, self.currency = new_id, order["id"], order["userId"], currency
            self.amount = smallest(order["price"], currency)
        self.status, self.begun_at, self.until, self.reason = "pending", now, order["expiresAt"] - ACTION_MARGIN, ""
        self.checkout, self.token, self.return_url = checkout, token, return_url
        self.stripe_id, self.action_url = "", ""
        self.attempt += 1

    @property
    def charge_key(self) -> str:
        """Names the attempt to the card network, which charges once for each name. Never change its form while attempts are
        pending: the same attempt under another name is a second charge."""
        return f"charge-{self.order_id}-{self.attempt}"

    @property
    def awaits(self) -> bool:
        """Whether the buyer has something to do before it is known whether he has paid."""
        return self.status == "pending" and self.action_url != ""

    @property
    def returning(self) -> bool:
        """Whether there is a charge to send back that nobody has to look at."""
        return self.status == "refunding" and not self.trouble

    def took(self, stripe_id: str) -> bool:
        """Whether that charge is the one that this payment stands for."""
        return self.stripe_id == stripe_id and self.status in ("succeeded", "refunding", "refunded")

    def _current(self, attempt: int) -> bool:
        """Whether the attempt is the one under way. One that has ended stays as it ended."""
        return self.status == "pending" and self.attempt == attempt

    def wait(self, attempt: int, stripe_id: str, action_url: str) -> None:
        """The card network has the attempt and has not decided."""
        if self._current(attempt):
            self.stripe_id, self.action_url = stripe_id, action_url

    def lapse(self, attempt: int, now: int) -> None:
        """Ends the buyer's time to act: another card is tried, or the order is over."""
        if self._current(attempt):
            self.until = min(self.until, now)

    def charged(self, attempt: int, stripe_id: str) -> None:
        if self._current(attempt):
            self.status, self.stripe_id, self.action_url = "succeeded", stripe_id, ""
            self.version += 1

    def decline(self, attempt: int, reason: str) -> None:
        if self._current(attempt):
            self.status, self.reason, self.action_url = "declined", reason, ""

    def give_back(self) -> None:
        """Decides that a charge that stands goes back."""
        if self.status == "succeeded":
            self.status = "refunding"

    def returned(self, refund_id: str, now: int) -> None:
        """The charge went back: as decided here, or by hand."""
        if self.status in ("succeeded", "refunding"):
            self.status, self.refund_id, self.refunded_at, self.trouble = "refunded", refund_id, now, ""
            self.version += 1

    def stuck(self, refund_id: str, why: str) -> None:
        """The charge does not go back, or came back to us after all: it is not booked as returned."""
        if self.status == "refunding" or self.status == "refunded" and self.refund_id == refund_id:
            self.status, self.refunded_at, self.trouble = "refunding", 0, why


def smallest(price: Decimal, currency: str) -> int:
    """A price in the currency's smallest unit. The price is exact: it never was a float."""
    units = price if currency in WHOLE else price * 100
    if units != int(units) or units <= 0:
        raise Refusal("This ticket cannot be paid for. Its price cannot be charged in this currency", code="price_not_payable")
    return int(units)


def events(before: Payment, after: Payment) -> list[dict]:
    """The events that a change is worth: one for a charge, one for a refund. The id is made from type, subject and version, so
    publishing it again is the same event to the broker and to every subscriber."""
    if before.version == after.version:
        return []
    kind = "payment.refunded" if after.status == "refunded" else "payment.created"
    data = {"id": after.id, "version": after.version, "orderId": after.order_id, "stripeId": after.stripe_id,
            "amount": after.amount, "currency": after.currency}
    if kind == "payment.refunded":
        data["refunded"] = True
    return [{"id": f"{kind}/{after.id}/{after.version}", "type": kind, "subject": after.id, "data": data}]

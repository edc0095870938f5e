"""Expiration in Python: rings when an order's time to pay is over. It keeps no state of its own."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Literal

from dapr.aio.clients import ConstantFailurePolicy, Job
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service import Event, Invalid, Service, Sidecar, prepare

EPOCH = datetime.fromtimestamp(0, UTC)
LATEST = 253402300799999  # milliseconds: the end of the year 9999
ORDER_TYPES = {"order.created", "order.updated", "order.cancelled", "order.completed", "order.refunded"}
ENDED = {"complete", "refunded", "cancelled"}


class Order(BaseModel):
    """What we need of an order's snapshot; whatever else it has may come and go."""

    model_config = ConfigDict(strict=True)
    id: str = Field(min_length=1)
    status: Literal["created", "awaiting:payment", "complete", "refunded", "cancelled"]
    expires_at: AwareDatetime = Field(alias="expiresAt", strict=False)

    @property
    def timer(self) -> str:
        """A job for each deadline of an order: no late event can put an older deadline in a newer one's place."""
        return f"order-{self.id}.{(self.expires_at - EPOCH) // timedelta(milliseconds=1)}"


def rfc3339(when: datetime, timespec: str) -> str:
    return when.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


class Expiration:
    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar

    async def on_order(self, event: Event) -> None:
        """Sets a timer for a live order and takes back that of an ended one."""
        if event.type not in ORDER_TYPES:
            return  # a newer publisher's, and not for us
        if not isinstance(event.data, dict) or not isinstance(event.data.get("expiresAt"), str):
            raise Invalid("no order with a deadline")
        order = Order.model_validate(event.data)
        if order.status in ENDED:
            return await self.sidecar.call("delete_job", order.timer)
        # Without end: the default policy gives up after three seconds, and the timer with it.
        forever = ConstantFailurePolicy(max_retries=None, interval_seconds=2)
        job = Job(name=order.timer, due_time=rfc3339(order.expires_at, "microseconds"), failure_policy=forever)
        await self.sidecar.call("schedule_job", job, overwrite=True)

    async def on_time(self, rest: str) -> None:
        """Announces that a deadline has passed. Orders decides what that means."""
        order_id, _, millis = rest.partition(".")
        if not (order_id and millis.isascii() and millis.isdigit() and len(millis) < 16 and 0 < int(millis) <= LATEST):
            raise Invalid(f"{rest!r} is not a timer of ours")
        deadline = EPOCH + timedelta(milliseconds=int(millis))
        data = {"orderId": order_id, "expiresAt": rfc3339(deadline, "milliseconds")}
        # A deadline that moved out and back rings again: news, where a broker would see a repetition.
        event_id = f"expiration.complete/{order_id}/{millis}/{secrets.token_hex(4)}"
        await self.sidecar.publish("expirations", "expiration.complete", event_id, order_id, data)


if __name__ == "__main__":
    prepare("expiration")
    sidecar = Sidecar()
    service, expiration = Service("expiration", sidecar), Expiration(sidecar)
    service.on("orders", expiration.on_order)  # from orders: set a timer, or take it back
    service.job("order-", expiration.on_time)  # from the scheduler: a deadline has passed
    service.run()

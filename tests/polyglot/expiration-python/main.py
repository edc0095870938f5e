"""Expiration in Python: rings when an order's time to pay is over. It keeps no state of its own."""

import asyncio
import json
import logging
import os
import secrets
import signal
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import aiohttp
import uvicorn
from dapr.aio.clients import ConstantFailurePolicy, DaprClient, Job
from dapr.clients.exceptions import DaprGrpcError
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

log = logging.getLogger("expiration")

EPOCH = datetime.fromtimestamp(0, UTC)
LATEST = 253402300799999  # milliseconds: the end of the year 9999
BEAT_CALM, BEAT_ANXIOUS, GIVEN_UP = 20, 2, 150  # seconds


class Order(BaseModel):
    """What we need of an order's snapshot; whatever else it has may come and go."""

    model_config = ConfigDict(strict=True)
    id: str = Field(min_length=1)
    status: Literal["created", "awaiting:payment", "complete", "refunded", "cancelled"]
    expires_at: AwareDatetime = Field(alias="expiresAt")

    @property
    def timer(self) -> str:
        """A job for each deadline of an order: no late event can put an older deadline in a newer one's place."""
        return f"order-{self.id}.{(self.expires_at - EPOCH) // timedelta(milliseconds=1)}"


ORDER_TYPES = {"order.created", "order.updated", "order.cancelled", "order.completed", "order.refunded"}


class Down(Exception):
    """A part behind us does not answer: asked again later, this will work."""


class Sidecar:
    """The sidecar, by Dapr's SDK. It may come later than we, and go and come back."""

    def __init__(self) -> None:
        self.base = f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0"
        self.client: DaprClient | None = None
        self.failing_since: float | None = None  # when publishing began to fail

    async def ready(self) -> bool:
        try:
            async with aiohttp.request("GET", self.base + "/healthz/outbound", timeout=aiohttp.ClientTimeout(2)) as answer:
                return answer.status == 204
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def call(self, method: str, *args: Any, **named: Any) -> None:
        """Down when it fails. A client that failed is replaced: gRPC looks for a lost sidecar ever more seldom."""
        if self.client is None:
            if not await self.ready():  # the SDK's client waits for it, and stops everything meanwhile
                raise Down("the sidecar does not answer")
            self.client = self.client or DaprClient()
        client = self.client
        try:
            async with asyncio.timeout(5):
                await getattr(client, method)(*args, **named)
        except (DaprGrpcError, TimeoutError) as error:
            if isinstance(error, DaprGrpcError) and error.code().name == "NOT_FOUND":
                return  # a job that is not there is as good as deleted
            if self.client is client:
                self.client = None
                await client.close()
            raise Down(f"{method}: {error or 'no answer in time'}") from error

    async def publish(self, topic: str, kind: str, event_id: str, subject: str, data: dict[str, Any]) -> None:
        """Returns when the broker has the event. It knows a repetition by the id."""
        envelope = {"cloudevent.id": event_id, "cloudevent.type": kind, "cloudevent.subject": subject}
        try:
            await self.call("publish_event", "pubsub", topic, json.dumps(data), envelope, data_content_type="application/json")
            self.failing_since = None
        except Down:
            self.failing_since = self.failing_since or time.monotonic()
            raise

    def failing(self) -> float:
        return time.monotonic() - self.failing_since if self.failing_since else 0

    async def beat(self) -> None:
        """Shows that the broker takes events. Some components never find it again: then the sidecar must start anew."""
        while True:
            try:
                await self.publish("heartbeats", "heartbeat", secrets.token_hex(16), "", {})
            except Down as error:
                if self.failing() > GIVEN_UP and await self.ready():
                    log.error("the sidecar must start anew", extra={"error": str(error)})
                    self.failing_since = None
                    async with aiohttp.request("POST", self.base + "/shutdown"):
                        pass
            await asyncio.sleep(BEAT_ANXIOUS if self.failing() else BEAT_CALM)


async def on_order(sidecar: Sidecar, order: Order) -> None:
    """Sets a timer for a live order and takes back that of an ended one."""
    if order.status in ("complete", "refunded", "cancelled"):
        return await sidecar.call("delete_job", order.timer)
    due = order.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    # Without end: the default policy gives up after three seconds, and the timer with it.
    forever = ConstantFailurePolicy(max_retries=None, interval_seconds=2)
    await sidecar.call("schedule_job", Job(name=order.timer, due_time=due, failure_policy=forever), overwrite=True)


async def on_time(sidecar: Sidecar, rest: str) -> None:
    """Announces that a deadline has passed. Orders decides what that means."""
    order_id, _, millis = rest.partition(".")
    if not (order_id and millis.isascii() and millis.isdigit() and len(millis) < 16 and 0 < int(millis) <= LATEST):
        return log.error("job given up: not a timer of ours", extra={"job": "order-" + rest})
    deadline = (EPOCH + timedelta(milliseconds=int(millis))).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event_id = f"expiration.complete/{order_id}/{millis}"
    await sidecar.publish("expirations", "expiration.complete", event_id, order_id, {"orderId": order_id, "expiresAt": deadline})


class Patience:
    """How long an event is asked for again that fails for no reason we know: ten seconds and five tries."""

    def __init__(self) -> None:
        self.failing: dict[str, tuple[float, int]] = {}

    def ends(self, event: str) -> bool:
        now = time.monotonic()
        self.failing = {e: f for e, f in self.failing.items() if now - f[0] < 600}
        since, tries = self.failing.get(event, (now, 0))
        self.failing[event] = since, tries + 1
        return tries + 1 >= 5 and now - since >= 10


async def deliver(sidecar: Sidecar, patience: Patience, body: bytes) -> str:
    """What is to become of an event: SUCCESS never again, RETRY later, DROP to the dead letters."""
    about: dict[str, Any] = {"topic": "orders"}
    try:
        event = json.loads(body)
        about |= {"id": event["id"], "type": event["type"], "trace": event.get("traceparent", "")}
        if not (event["id"] and event["type"]):
            raise ValueError("type and id are required")
        if event["type"] not in ORDER_TYPES:
            return "SUCCESS"  # a newer publisher's, and not for us
        order = Order.model_validate_json(json.dumps(event["data"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:  # it will be as malformed the next time
        log.error("event cannot be handled, sent to the dead letters", extra=about | {"error": str(error)})
        return "DROP"
    try:
        await on_order(sidecar, order)
        return "SUCCESS"
    except Down as error:  # never the event's fault, however long it lasts
        log.warning("event not handled yet, asking for it again", extra=about | {"error": str(error)})
        return "RETRY"
    except Exception:  # 500 would be asked for again for ever, and hold up those behind it
        log.exception("event not handled", extra=about)
        return "DROP" if patience.ends(about["id"]) else "RETRY"


def only_the_sidecar(request: Request) -> None:
    """It alone has the token; and no other service gets it to bring an event or ring a job."""
    token = request.headers.get("dapr-api-token", "").encode()
    if not secrets.compare_digest(token, os.environ["APP_API_TOKEN"].encode()) or "dapr-caller-app-id" in request.headers:
        raise HTTPException(401, "Not authorized")


def make_app(sidecar: Sidecar) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI):
        beating = asyncio.create_task(sidecar.beat())
        yield
        beating.cancel()
        if sidecar.client:
            await sidecar.client.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    closed = APIRouter(dependencies=[Depends(only_the_sidecar)])
    patience = Patience()

    @app.get("/livez")
    async def alive() -> Response:
        return Response()

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        if not await sidecar.ready():
            raise HTTPException(503, "expiration is not ready")
        return {"status": "ready"}

    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        if sidecar.failing() > BEAT_ANXIOUS:
            raise HTTPException(503, "expiration is not ready")
        return await ready()

    @closed.get("/dapr/subscribe")
    async def subscriptions() -> list[dict[str, str]]:
        return [{"pubsubname": "pubsub", "topic": "orders", "route": "/events/orders", "deadLetterTopic": "expiration-dead"}]

    @closed.post("/events/orders")
    async def event(request: Request) -> dict[str, str]:
        return {"status": await deliver(sidecar, patience, await request.body())}

    @closed.post("/job/order-{rest:path}")
    async def job(rest: str) -> dict[str, str]:
        try:
            await on_time(sidecar, rest)
        except Down as error:  # 404 would end the job
            log.warning("job not done yet", extra={"job": "order-" + rest, "error": str(error)})
            raise HTTPException(503, "Please try again in a moment") from error
        return {}

    def refuse(_: Request, error: Exception) -> JSONResponse:
        status = getattr(error, "status_code", 500)
        message = getattr(error, "detail", "Something went wrong")
        return JSONResponse({"errors": [{"message": message}]}, status, {"Retry-After": "1"} if status == 503 else None)

    app.include_router(closed)
    for kind in (404, 405, HTTPException, Exception):
        app.add_exception_handler(kind, refuse)
    return app


class JSONLines(logging.Formatter):
    """A line of JSON for each record, with the fields of the other services' logs."""

    plain = set(vars(logging.makeLogRecord({}))) | {"message", "color_message"}

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat()
        line = {"time": when, "level": record.levelname, "msg": record.getMessage(), "service": "expiration"}
        line |= {name: value for name, value in vars(record).items() if name not in self.plain}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def main() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JSONLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in ("APP_PORT", "APP_API_TOKEN", "DAPR_HTTP_PORT", "DAPR_GRPC_PORT"):
        if not os.environ.get(name):
            log.error("cannot run", extra={"error": f"setting: required key {name} missing value"})
            sys.exit(1)
    os.environ["DAPR_HEALTH_TIMEOUT"] = "1"  # Sidecar.ready has just said that it is there
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again once all requests are done
    uvicorn.run(make_app(Sidecar()), host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ["APP_PORT"]),
                log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10)


if __name__ == "__main__":
    main()

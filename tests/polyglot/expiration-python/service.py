"""What the contract asks of every service: who may come in, how it answers, how it logs, and its dealings with the sidecar."""

import asyncio
import json
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import aiohttp
import uvicorn
from dapr.aio.clients import DaprClient
from dapr.clients.exceptions import DaprGrpcError
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

log = logging.getLogger()
trace: ContextVar[str] = ContextVar("trace", default="")  # the traceparent of what is being done

CALL_LIMIT = 5  # seconds, for each call to the sidecar
BEAT_CALM, BEAT_ANXIOUS, GIVEN_UP = 20, 2, 150  # seconds


class Down(Exception):
    """A part behind us does not answer: asked again later, this will work."""


class Invalid(ValueError):
    """It can never be handled: it will be as malformed the next time. So is whatever pydantic refuses."""


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
            async with asyncio.timeout(CALL_LIMIT):
                await getattr(client, method)(*args, **named)
        except (DaprGrpcError, TimeoutError) as error:
            if method == "delete_job" and isinstance(error, DaprGrpcError) and error.code().name == "NOT_FOUND":
                return  # what is not there is as good as deleted
            if self.client is client:
                self.client = None
                await client.close()
            raise Down(f"{method}: {error or 'no answer in time'}") from error

    async def publish(self, topic: str, kind: str, event_id: str, subject: str, data: dict[str, Any]) -> None:
        """Returns when the broker has the event. It knows a repetition by the id."""
        envelope = {"cloudevent.id": event_id, "cloudevent.type": kind, "cloudevent.subject": subject}
        if trace.get():
            envelope["cloudevent.traceparent"] = trace.get()
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
                    await self.call("shutdown")
            except Exception:
                log.exception("no heartbeat")
            await asyncio.sleep(BEAT_ANXIOUS if self.failing() else BEAT_CALM)


class Event(BaseModel):
    """The part of a CloudEvent that is read here."""

    model_config = ConfigDict(strict=True)
    id: str = Field(min_length=1)
    type: str = Field(min_length=1)
    traceparent: str = ""
    data: JsonValue = None


Handler = Callable[[Event], Awaitable[None]]


class Service:
    """Every way in. Everything but /livez, /readyz and /healthz demands the token that only the sidecar has."""

    def __init__(self, name: str, sidecar: Sidecar) -> None:
        self.name, self.sidecar = name, sidecar
        self.subscriptions: list[dict[str, str]] = []
        self.failing: dict[str, tuple[float, int]] = {}  # by topic and id of an event: since when, and how often
        self.app = FastAPI(lifespan=self.lifespan, openapi_url=None, redirect_slashes=False)
        self.closed = APIRouter(dependencies=[Depends(only_the_sidecar)])
        self.app.get("/livez")(self.alive)
        self.app.get("/readyz")(self.ready)
        self.app.get("/healthz")(self.healthy)
        self.closed.get("/dapr/subscribe")(lambda: self.subscriptions)
        for kind in (404, 405, HTTPException, Exception):
            self.app.add_exception_handler(kind, refuse)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI):
        beating = asyncio.create_task(self.sidecar.beat())
        yield
        beating.cancel()
        if self.sidecar.client:
            await self.sidecar.client.close()

    async def alive(self) -> Response:
        return Response()

    async def ready(self) -> dict[str, str]:
        if not await self.sidecar.ready():
            raise Refusal(503, "unavailable", f"{self.name} is not ready")
        return {"status": "ready"}

    async def healthy(self) -> dict[str, str]:
        if self.sidecar.failing() > BEAT_ANXIOUS:
            raise Refusal(503, "unavailable", f"{self.name} is not ready")
        return await self.ready()

    def on(self, topic: str, handle: Handler) -> None:
        """Subscribes to a topic, whose events come at least once and in any order."""
        route = f"/events/{topic}"
        self.subscriptions.append({"pubsubname": "pubsub", "topic": topic, "route": route, "deadLetterTopic": f"{self.name}-dead"})

        async def event(request: Request) -> dict[str, str]:
            return {"status": await self.deliver(topic, await request.body(), handle)}

        self.closed.post(route)(event)

    async def deliver(self, topic: str, body: bytes, handle: Handler) -> str:
        """What is to become of an event: SUCCESS never again, RETRY later, DROP to the dead letters."""
        about: dict[str, Any] = {"topic": topic}
        try:
            event = Event.model_validate_json(body)
            about |= {"id": event.id, "type": event.type}
            trace.set(event.traceparent or trace.get())
            await handle(event)
        except Down as error:  # never the event's fault, however long it lasts
            log.warning("event not handled yet, asking for it again", extra=about | {"error": str(error)})
            self.failing.pop(f"{topic} {event.id}", None)
            return "RETRY"
        except ValueError as error:
            log.error("event cannot be handled, sent to the dead letters", extra=about | {"error": str(error)})
            return "DROP"
        except Exception:  # 500 would be asked for again for ever, and hold up those behind it
            log.exception("event not handled", extra=about)
            return "DROP" if self.patience_ends(f"{topic} {event.id}") else "RETRY"
        self.failing.pop(f"{topic} {event.id}", None)
        return "SUCCESS"

    def patience_ends(self, event: str) -> bool:
        """An event that fails for no reason we know is asked for again for ten seconds, and five times at least."""
        now = time.monotonic()
        self.failing = {e: f for e, f in self.failing.items() if now - f[0] < 600}
        since, tries = self.failing.get(event, (now, 0))
        self.failing[event] = since, tries + 1
        return tries + 1 >= 5 and now - since >= 10

    def job(self, prefix: str, ring: Callable[[str], Awaitable[None]]) -> None:
        """Rings when a job does whose name begins with prefix, again and again until that succeeds."""

        async def job(rest: str) -> dict[str, str]:
            try:
                await ring(rest)
            except Down as error:  # 404 would end the job, as 200 does
                log.warning("job not done yet", extra={"job": prefix + rest, "error": str(error)})
                raise Refusal(503, "unavailable", "Please try again in a moment") from error
            except ValueError as error:
                log.error("job given up", extra={"job": prefix + rest, "error": str(error)})
            return {}

        self.closed.post(f"/job/{prefix}{{rest:path}}")(job)

    def run(self) -> None:
        """Serves until SIGTERM, then lets running requests finish."""
        self.app.include_router(self.closed)
        os.environ["DAPR_HEALTH_TIMEOUT"] = "1"  # Sidecar.ready has just said that it is there
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again once all requests are done
        uvicorn.run(self.app, host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ["APP_PORT"]),
                    log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10)


class Refusal(HTTPException):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message, {"Retry-After": "1"} if status == 503 else None)
        self.code = code


async def only_the_sidecar(request: Request) -> None:
    """It alone has the token; and no other service gets it to bring an event or ring a job."""
    token = request.headers.get("dapr-api-token", "").encode()
    code = "not_owner" if secrets.compare_digest(token, os.environ["APP_API_TOKEN"].encode()) else "not_signed_in"
    if code == "not_signed_in" or "dapr-caller-app-id" in request.headers:
        raise Refusal(401, code, "Not authorized")
    trace.set(request.headers.get("traceparent", ""))


def refuse(_: Request, error: Exception) -> JSONResponse:
    status = getattr(error, "status_code", 500)
    code = getattr(error, "code", {404: "not_found", 405: "method_not_allowed"}.get(status, "internal"))
    message = getattr(error, "detail", "Something went wrong")
    return JSONResponse({"errors": [{"message": message, "code": code}]}, status, getattr(error, "headers", None))


class JSONLines(logging.Formatter):
    """A line of JSON for each record, with the fields of the other services' logs."""

    plain = set(vars(logging.makeLogRecord({}))) | {"message", "color_message"}

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat()
        line = {"time": when, "level": record.levelname, "msg": record.getMessage(), "service": self.service}
        if trace.get():
            line["trace"] = trace.get()
        line |= {name: value for name, value in vars(record).items() if name not in self.plain}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def prepare(name: str, *required: str) -> None:
    """Logs in JSON from here on, and ends the process with 1 and one sentence when a setting is missing."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONLines(name))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for setting in ("APP_PORT", "APP_API_TOKEN", "DAPR_HTTP_PORT", "DAPR_GRPC_PORT", *required):
        if not os.environ.get(setting):
            log.error("cannot run", extra={"error": f"setting: required key {setting} missing value"})
            sys.exit(1)

"""Payments takes the money: it charges a card once for an order, and gives the money back when the order is lost.

The same contract as services/payments, in Python."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

os.environ.setdefault("DAPR_API_TIMEOUT_SECONDS", "5")  # for every call of the SDK: a store that is gone can hold one for 30 s
os.environ.setdefault("DAPR_HEALTH_TIMEOUT", "1")  # the SDK looks for the sidecar while everything else waits

import stripe
import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import clock
import traces
from cards import PAY_LIMIT, Cards
from once import Once, Replayed, check_key
from payment import Payment
from refusal import Invalid, NotAllowed, NotFound, NotJSON, NotOwner, NotSignedIn, Refusal, TooLarge, Unavailable
from sessions import Sessions
from sidecar import Sidecar
from till import Till, unsettled

log = logging.getLogger("payments")

BODY_LIMIT, EVENT_LIMIT = 64 << 10, 1 << 20
DELIVERY_LIMIT = 10  # seconds, shorter than the broker's patience with one event
JOB_LIMIT = 60
BRIEF, LEAST_TRIES = 10, 5  # how long, and how often at least, an event is tried that fails for a reason of its own
TOPICS = {  # what is heard, by topic: the types, and the statuses of what they tell of
    "orders": ({"order.created", "order.updated", "order.cancelled", "order.completed", "order.refunded"},
               {"created", "awaiting:payment", "complete", "refunded", "cancelled"}),
    "handovers": ({"handover.due", "handover.delivered", "handover.opened", "handover.reported", "handover.dismissed", "handover.failed"},
                  {"due", "delivered", "opened", "reported", "dismissed", "failed"}),
}
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Settings:
    """From the environment. One that is missing or wrong stops the service with one sentence that names it."""

    def __init__(self, env):
        self.env = env
        self.host, self.port = env.get("HOST", "127.0.0.1"), int(self.need("APP_PORT"))
        self.http_port, self.grpc_port = self.need("DAPR_HTTP_PORT"), self.need("DAPR_GRPC_PORT")
        self.token = self.need("APP_API_TOKEN")
        self.public_keys = self.need("SESSION_PUBLIC_KEY_FILE")
        self.stripe_key, self.webhook_secret = self.need("STRIPE_SECRET_KEY"), self.need("STRIPE_WEBHOOK_SECRET")
        self.stripe_base = env.get("STRIPE_API_BASE", "")
        self.currency = env.get("CURRENCY", "usd").lower()
        if not re.fullmatch("[a-z]{3}", self.currency) or self.currency in ("bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"):
            raise ValueError(f"setting CURRENCY: {self.currency!r} is no currency with two decimals or none")

    def need(self, name: str) -> str:
        if not self.env.get(name):
            raise ValueError(f"setting {name} is required")
        return self.env[name]


def make(cfg: Settings) -> FastAPI:
    sidecar = Sidecar(cfg.http_port, cfg.grpc_port)
    sessions = Sessions(cfg.public_keys)
    till = Till(sidecar, Cards(cfg.stripe_key, cfg.stripe_base), cfg.currency)
    once = Once(sidecar, PAY_LIMIT)

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        work = [asyncio.create_task(sidecar.keep()), asyncio.create_task(sessions.follow(sidecar))]
        yield
        for task in work:
            task.cancel()

    def let_in(request: Request) -> None:
        """Who may come in where. All but health is for the sidecar, which alone has the token. Events and jobs it brings by itself:
        no other service gets it to. What is internal is for orders, which is not orders if it says twice who it is."""
        path, callers = request.url.path, request.headers.getlist("dapr-caller-app-id")
        if path in ("/livez", "/readyz", "/healthz"):
            return
        if not hmac.compare_digest(request.headers.get("dapr-api-token", "").encode(), cfg.token.encode()):
            raise NotSignedIn
        if path.startswith(("/events/", "/job/", "/dapr/")) and callers or path.startswith("/internal/") and callers != ["orders"]:
            raise NotOwner

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
                  dependencies=[Depends(let_in)])
    app.add_middleware(traces.Follow)
    get = ["GET", "HEAD"]

    # People, through web. A payment sent twice is charged once.

    @app.post("/api/payments")
    async def pay(request: Request):
        buyer, key = sessions.user(request), request.headers.get("idempotency-key")
        if key is None:
            return await charge(request, buyer, await body(request, BODY_LIMIT))
        check_key(key)
        raw = await body(request, BODY_LIMIT)
        return await once.do(buyer, request.url.path, key, raw, lambda: charge(request, buyer, raw))

    async def charge(request: Request, buyer: str, raw: bytes) -> Response:
        order_id, token, return_url = read_pay(request, raw)
        p = await till.pay(buyer, order_id, token, return_url)
        if p.status == "succeeded":
            return JSONResponse({"id": p.id}, 201, {"Location": f"/api/payments/{p.order_id}"})
        if p.awaits:
            return JSONResponse({"id": p.id, "status": "requires_action", "action": action(p)}, 202)
        if p.status == "declined":
            raise Refusal(p.reason, code="card_declined")
        if p.status == "pending":
            raise unsettled("the card network has not decided")
        raise Refusal("Cannot pay for a cancelled order", code="order_cancelled")

    @app.api_route("/api/payments/{order_id}", methods=get)
    async def show(request: Request, order_id: str):
        if order_id == "webhook":
            raise HTTPException(405)  # that one is of its own
        buyer = sessions.user(request)
        if not ID.fullmatch(order_id):
            raise NotFound
        async with asyncio.timeout(DELIVERY_LIMIT):
            return tagged(request, receipt(await till.show(buyer, order_id)))

    # orders, before it ends an order that somebody was paying for.

    @app.api_route("/internal/payments/{order_id}", methods=get)
    async def tell(order_id: str):
        if not ID.fullmatch(order_id):
            raise NotFound
        async with asyncio.timeout(DELIVERY_LIMIT):
            return JSONResponse(await till.tell(order_id))

    # Stripe, through web. It repeats what is not answered with 200, for days.

    @app.post("/api/payments/webhook")
    async def webhook(request: Request):
        raw = await body(request, BODY_LIMIT)
        try:
            stripe.WebhookSignature.verify_header(raw, request.headers.get("stripe-signature"), cfg.webhook_secret, 300)
            event = json.loads(raw)
        except (stripe.SignatureVerificationError, ValueError):
            raise Invalid("The signature is not Stripe's", code="signature_invalid") from None
        await till.on_stripe(event)
        return JSONResponse({"received": True})

    # Events, at least once and in any order.

    suspects: dict[str, tuple[float, int]] = {}  # events that failed for a reason of their own: since when, how often

    @app.api_route("/dapr/subscribe", methods=get)
    async def subscribe():
        return JSONResponse([{"pubsubname": "pubsub", "topic": topic, "route": f"/events/{topic}", "deadLetterTopic": "payments-dead"}
                             for topic in TOPICS])

    @app.post("/events/orders")
    async def orders(request: Request):
        return await deliver(request, "orders", till.on_order)

    @app.post("/events/handovers")
    async def handovers(request: Request):
        return await deliver(request, "handovers", till.on_handover)

    async def deliver(request: Request, topic: str, handle: Callable[[dict], Awaitable[None]]) -> Response:
        raw = await body(request, EVENT_LIMIT)
        try:
            event_id, told, parent = read_event(raw, *TOPICS[topic])
        except (ValueError, LookupError, TypeError, AttributeError) as e:
            log.error("an event cannot be read, sent to the dead letters: %s", e)
            return JSONResponse({"status": "DROP"})
        if told is None:
            return JSONResponse({"status": "SUCCESS"})
        traces.traceparent.set(parent)
        try:
            async with asyncio.timeout(DELIVERY_LIMIT):
                while True:
                    try:
                        await handle(told)
                        break
                    except Unavailable as e:  # the part may be back in a moment
                        log.info("event %s waits: %s", event_id, e)
                        await asyncio.sleep(0.5)
        except TimeoutError:
            return JSONResponse({"status": "RETRY"})  # for as long as the outage lasts: it is not the event's fault
        except Exception:
            log.exception("event %s was not handled", event_id)
            since, tries = suspects.get(event_id, (time.monotonic(), 0))
            suspects[event_id] = since, tries + 1
            if tries + 1 >= LEAST_TRIES and time.monotonic() - since >= BRIEF:
                del suspects[event_id]
                return JSONResponse({"status": "DROP"})
            return JSONResponse({"status": "RETRY"})
        suspects.pop(event_id, None)
        return JSONResponse({"status": "SUCCESS"})

    # Jobs, rung again until they are answered with success; 404 would end one.

    @app.post("/job/{name}")
    async def job(name: str):
        kind, _, rest = name.partition("-")
        work = {"settle": till.on_settle, "refund": till.on_refund}.get(kind)
        if work is None:
            raise NotFound
        try:
            async with asyncio.timeout(JOB_LIMIT):
                await work(rest)
        except Invalid as e:
            log.error("job %s is given up: %s", name, e)
        except Exception as e:
            raise Unavailable(e, f"job {name} is not done yet") from e
        return JSONResponse({})

    # Whether to send work here.

    @app.api_route("/livez", methods=get)
    async def live():
        return Response()

    async def check(*missing: str):
        for what in missing:
            if what:
                raise Unavailable(what, "payments is not ready")
        return JSONResponse({"status": "ready"})

    @app.api_route("/readyz", methods=get)
    async def ready():
        return await check(await sidecar.healthy(), "" if sidecar.dapr else "not connected to the sidecar yet")

    @app.api_route("/healthz", methods=get)
    async def whole():
        broker = "the broker takes no events" if sidecar.broker_down() > 2 else ""
        return await check(await sidecar.healthy(), "" if sidecar.dapr else "not connected to the sidecar yet", broker)

    # Answers that are no success.

    @app.exception_handler(Refusal)
    async def refused(request: Request, e: Refusal):
        if isinstance(e, Unavailable) and request.url.path not in ("/readyz", "/healthz"):
            log.warning("%s %s unavailable: %s", request.method, request.url.path, e)
        headers = {"Retry-After": str(e.retry_after)} if e.retry_after else {}
        if isinstance(e, Replayed):
            headers["Idempotency-Replayed"] = "true"
        return answer(request, e, headers)

    @app.exception_handler(TimeoutError)
    async def slow(request: Request, e: TimeoutError):
        return await refused(request, Unavailable(e))

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, e: HTTPException):
        """A path that is known for other methods says which, to those who may come in there."""
        path = request.url.path
        matching = [r for r in app.routes if r.path_regex.match(path)]
        known = next((r for r in matching if r.path == path), matching[0] if matching else None)
        try:
            let_in(request)
        except Refusal:
            known = None
        if known is None or e.status_code != 405:
            return answer(request, NotFound())
        allow = {"Allow": ", ".join(sorted({"OPTIONS", *known.methods}))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        return answer(request, NotAllowed("Method Not Allowed"), allow)

    @app.exception_handler(Exception)
    async def failed(request: Request, _: Exception):
        return answer(request, Refusal("Something went wrong", status=500, code="internal"))

    return app


def tagged(request: Request, what: dict) -> Response:
    """A 200 with the ETag of what a caller reads, or 304 for one whose If-None-Match names it."""
    response = JSONResponse(what)
    tag = '"' + base64.urlsafe_b64encode(hashlib.sha256(response.body).digest()[:16]).rstrip(b"=").decode() + '"'
    response.headers["ETag"] = tag
    known = {one.strip().removeprefix("W/") for one in ",".join(request.headers.getlist("if-none-match")).split(",")}
    return Response(status_code=304, headers={"ETag": tag}) if known & {tag, "*"} else response


def answer(request: Request, e: Refusal, headers: dict | None = None) -> JSONResponse:
    """The contract's error body, or RFC 9457's for those who ask for that."""
    said = {"errors": e.errors} | ({"requestId": traces.request_id.get()} if traces.request_id.get() else {})
    if not wants_problem(request):
        return JSONResponse(said, e.status, headers)
    code = e.errors[0]["code"]
    problem = {"type": f"/api/docs#error-{code}", "title": code.replace("_", " ").capitalize(), "status": e.status,
               "detail": "; ".join(one["message"] for one in e.errors), "code": code} | said
    return JSONResponse(problem, e.status, headers, "application/problem+json")


def wants_problem(request: Request) -> bool:
    """Whether the caller names the form among those that it accepts. Who takes anything gets the usual."""
    for accepted in ",".join(request.headers.getlist("accept")).split(","):
        name, *how = (part.strip() for part in accepted.split(";"))
        if name.lower() == "application/problem+json" and not any(re.fullmatch(r"q=0(\.0*)?", part) for part in how):
            return True
    return False


async def body(request: Request, limit: int) -> bytes:
    raw = b""
    async for some in request.stream():
        raw += some
        if len(raw) > limit:
            raise TooLarge(f"The request is larger than {limit >> 10} KiB")
    return raw


def read_pay(request: Request, raw: bytes) -> tuple[str, str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotJSON("Content-Type must be application/json")
    try:
        sent = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON") from None
    if not isinstance(sent, dict):
        raise Invalid("The body must be a JSON object")
    got = {"orderId": "", "token": "", "returnUrl": ""}
    for name, value in sent.items():
        if name not in got:
            raise Invalid({"message": "Unknown field", "field": name, "code": "unknown_field"})
        if value is not None and not isinstance(value, str):
            raise Invalid({"message": f"{name} must be a string", "field": name})
        got[name] = (value or "").encode(errors="replace").decode()  # JSON can say what no text is: half a surrogate pair
    wrong = []
    if not got["orderId"]:
        wrong.append({"message": "OrderId must be provided", "field": "orderId"})
    if not 0 < len(got["token"].encode()) <= 255:
        wrong.append({"message": "Token must be provided", "field": "token"})
    if got["returnUrl"] and not is_web_address(got["returnUrl"]):
        wrong.append({"message": "ReturnUrl must be an absolute http or https address", "field": "returnUrl"})
    if wrong:
        raise Invalid(*wrong)
    if not ID.fullmatch(got["orderId"]):
        raise NotFound
    return got["orderId"], got["token"], got["returnUrl"]


def is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        return len(text) <= 2000 and text.isprintable() and url.scheme in ("http", "https") and bool(url.hostname) and url.username is None
    except ValueError:
        return False


def read_event(raw: bytes, types: set[str], statuses: set[str]) -> tuple[str, dict | None, str]:
    """The id of an event, what it tells of, and its trace. Nothing in an event of another type, which a newer publisher may send."""
    event = json.loads(raw)
    if not event["id"] or not event["type"]:
        raise ValueError("not a CloudEvent: type and id are required")
    if event["type"] not in types:
        return event["id"], None, ""
    told = event["data"]
    if not told["id"] or told["status"] not in statuses:
        raise ValueError(f"event {event['id']} tells of nothing known here")
    return event["id"], told, event.get("traceparent") or ""


def action(p: Payment) -> dict | None:
    """Where the buyer confirms to his bank that it is him, and until when."""
    return {"url": p.action_url, "until": clock.write(p.until)} if p.awaits else None


def receipt(p: Payment) -> dict:
    """A payment as its buyer sees it."""
    shown = {"id": p.id, "orderId": p.order_id, "status": p.status, "amount": p.amount, "currency": p.currency, "reason": p.reason,
             "action": action(p), "begunAt": clock.write(p.begun_at), "refundedAt": clock.write(p.refunded_at) if p.refunded_at else None}
    return {name: value for name, value in shown.items() if value not in ("", None)}


if __name__ == "__main__":
    lines = logging.StreamHandler()
    lines.setFormatter(traces.JSONLines("payments"))
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    for noisy in ("httpx", "stripe"):
        logging.getLogger(noisy).setLevel(logging.WARNING)  # they would log request bodies, or each heartbeat
    try:
        cfg = Settings(os.environ)
        app = make(cfg)
    except (ValueError, OSError) as e:
        log.error("cannot run: %s", e)
        sys.exit(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn stops in peace and then sends itself the signal once more
    # Longer than a sidecar keeps a connection that nobody uses: it must not send a request into one that closes.
    uvicorn.run(app, host=cfg.host, port=cfg.port, log_config=None, access_log=False, timeout_keep_alive=120, timeout_graceful_shutdown=10)

"""All that this service knows of its sidecar: state with ETags, events, jobs and other services. Whatever does not work is Unavailable."""

import asyncio
import json
import logging
import secrets
import time
from decimal import Decimal

import grpc
import httpx
from dapr.aio.clients import DaprClient
from dapr.clients.exceptions import DaprGrpcError
from dapr.clients.grpc._jobs import ConstantFailurePolicy, Job
from dapr.clients.grpc._state import Concurrency, Consistency, StateItem, StateOptions

import clock
import traces
from refusal import Refusal, Unavailable

log = logging.getLogger("sidecar")

STORE, EVENTS = "statestore", "pubsub"
CALL_LIMIT = 5  # seconds; a store that is gone can hold a call for 30
CALM, ANXIOUS = 20, 2  # between heartbeats while they succeed, and while they fail
GIVEN_UP = 150  # of a silent broker: longer than any outage that a component's connection survives


class Lost(Exception):
    """Somebody else wrote first."""


class Sidecar:
    def __init__(self, http_port: str, grpc_port: str):
        self.address = f"127.0.0.1:{grpc_port}"
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{http_port}", timeout=CALL_LIMIT)
        self.dapr: DaprClient | None = None  # None until the sidecar is there
        self.failing_since: float | None = None  # publishing
        self.unreachable = False  # by the last call

    async def _call(self, call):
        """Runs a call of the SDK to its end, whoever hangs up meanwhile: a cancelled write has an unknown outcome."""
        if self.dapr is None:
            raise Unavailable("the sidecar is not there yet")
        try:
            return await asyncio.shield(asyncio.ensure_future(call(self.dapr)))
        except DaprGrpcError as e:
            self.unreachable = e.code() == grpc.StatusCode.UNAVAILABLE
            if e.code() == grpc.StatusCode.ABORTED:
                raise Lost from e
            raise Unavailable(f"{e.code()} {e.details()}") from e
        except grpc.RpcError as e:
            raise Unavailable(e) from e
        except asyncio.CancelledError as e:
            if asyncio.current_task().cancelling():
                raise
            raise Unavailable("the connection to the sidecar was made anew") from e

    async def load(self, key: str) -> tuple[bytes, str]:
        """The value of a key and its ETag, b"" and "" when there is none."""
        got = await self._call(lambda dapr: dapr.get_state(STORE, key))
        return got.data, got.etag

    async def save(self, key: str, value: bytes, etag: str, ttl: int = 0) -> None:
        """Writes a key, first write wins: with the ETag that load gave, or with "" to create it. After any error but Lost nobody
        knows whether it was written. After ttl seconds it is gone, 0 for never. Raw bytes without a content type: some stores change JSON that they are told is JSON. Not
        save_state, whose error says no code."""
        options = StateOptions(concurrency=Concurrency.first_write, consistency=Consistency.strong).get_proto()
        item = StateItem(key, value, etag or None, options, {"ttlInSeconds": str(ttl)} if ttl else {})
        await self._call(lambda dapr: dapr.save_bulk_state(STORE, [item]))

    async def publish(self, topic: str, event: dict) -> None:
        """Returns once the broker has stored the event."""
        about = {"cloudevent.id": event["id"], "cloudevent.type": event["type"], "cloudevent.subject": event["subject"]}
        try:
            await self._call(lambda dapr: dapr.publish_event(
                EVENTS, topic, json.dumps(event["data"]), publish_metadata=about, data_content_type="application/json"))
        except Unavailable:
            self.failing_since = self.failing_since or time.monotonic()
            raise
        self.failing_since = None

    async def schedule(self, name: str, due: int) -> None:
        """Has POST /job/<name> called at a time, again every two seconds until it is answered with success. Dapr's default would
        give up after three tries. A name can be scheduled again, which moves it."""
        job = Job(name, due_time=clock.write(due), failure_policy=ConstantFailurePolicy(None, 2))
        await self._call(lambda dapr: dapr.schedule_job(job, overwrite=True))

    async def unschedule(self, name: str) -> None:
        """A job that is not there is as good as deleted, and one that stays finds nothing to do."""
        try:
            await self._call(lambda dapr: dapr.delete_job(name))
        except Unavailable as e:
            log.info("job %s stays: %s", name, e)

    async def invoke(self, app: str, method: str, path: str, body: dict | None = None, limit: float = 45):
        """Calls another service. Its refusal comes back as ours, with its words."""
        try:
            headers = {"dapr-app-id": app} | ({"traceparent": traces.traceparent.get()} if traces.traceparent.get() else {})
            got = await self.http.request(method, path, json=body, headers=headers, timeout=limit)
            if got.is_success:
                return json.loads(got.content, parse_float=Decimal, parse_int=Decimal) if got.content else None
        except (httpx.HTTPError, ValueError) as e:
            raise Unavailable(e) from e  # half an answer is none
        try:
            errors = json.loads(got.content)["errors"]
            assert errors[0]["message"]
        except (ValueError, LookupError, TypeError, AssertionError):
            raise Unavailable(f"{app}: HTTP {got.status_code} {got.text[:200]}") from None  # in the sidecar's words: not reached
        if got.status_code in (429, 502, 503, 504):
            raise Unavailable(errors)
        if got.status_code >= 500:
            raise RuntimeError(f"{app} {method} {path}: HTTP {got.status_code} {errors}")
        raise Refusal(*errors, status=got.status_code)

    async def healthy(self) -> str:
        """What is missing before the sidecar can be called, "" when nothing is."""
        try:
            got = await self.http.get("/v1.0/healthz/outbound")
        except httpx.HTTPError as e:
            return f"the sidecar does not answer: {e!r}"
        return "" if got.status_code == 204 else f"the sidecar says {got.status_code}"

    def broker_down(self) -> float:
        """For how long publishing has failed, in seconds."""
        return time.monotonic() - self.failing_since if self.failing_since else 0

    async def keep(self) -> None:
        """Connects once the sidecar is there, and then shows by heartbeats that it is and that the broker takes events."""
        last = 0.0
        while True:
            missing = await self.healthy()
            try:
                if not missing and self.dapr and self.unreachable:  # gRPC looks for it ever more rarely, up to two minutes apart
                    old, self.dapr, self.unreachable = self.dapr, None, False
                    await old.close()
                if not missing and self.dapr is None:
                    self.dapr = DaprClient(self.address, interceptors=[traces.PassOn()])  # its own look for the sidecar finds it at once
                if self.dapr and (self.failing_since or time.monotonic() - last > CALM):
                    last = time.monotonic()
                    await self.publish("heartbeats", {"id": secrets.token_hex(13), "type": "heartbeat", "subject": "", "data": {}})
            except (Unavailable, TimeoutError) as e:
                log.info("no heartbeat: %s", e)
                if self.broker_down() > GIVEN_UP and not missing:
                    await self.leave()
            await asyncio.sleep(ANXIOUS)

    async def leave(self) -> None:
        """Asks the sidecar to end, so that whoever keeps it running starts it anew: some components give up for good minutes into an
        outage of the broker."""
        log.error("the broker has not answered for so long that the sidecar must start anew")
        try:
            await self.http.post("/v1.0/shutdown")
        except httpx.HTTPError:
            pass  # it is leaving
        self.failing_since = None

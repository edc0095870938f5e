"""What a piece of work belongs to: the trace that its calls go on with, and the request that log lines name."""

import json
import logging
from contextvars import ContextVar
from datetime import datetime, timezone

import grpc

traceparent: ContextVar[str] = ContextVar("traceparent", default="")
request_id: ContextVar[str] = ContextVar("request_id", default="")


class Follow:
    """Takes both from a request's headers."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        headers = dict(scope.get("headers", ()))
        traceparent.set(headers.get(b"traceparent", b"").decode("latin-1"))
        request_id.set(headers.get(b"x-request-id", b"").decode("latin-1"))
        await self.app(scope, receive, send)


class PassOn(grpc.aio.UnaryUnaryClientInterceptor):
    """Adds the trace to the SDK's calls."""

    async def intercept_unary_unary(self, continuation, client_call_details, request):
        if traceparent.get():
            metadata = grpc.aio.Metadata(*(client_call_details.metadata or ()), ("traceparent", traceparent.get()))
            client_call_details = client_call_details._replace(metadata=metadata)
        return await continuation(client_call_details, request)


class JSONLines(logging.Formatter):
    """A line of JSON for each record, with the fields of the other services' logs."""

    def __init__(self, service: str):
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(), "level": record.levelname,
                "msg": record.getMessage(), "service": self.service, "part": record.name}
        if request_id.get():
            line["request"] = request_id.get()
        if traceparent.get():
            line["trace"] = traceparent.get()
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)

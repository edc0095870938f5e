"""The time, in milliseconds since 1970, and how it is written for others: RFC 3339, UTC, always with milliseconds."""

import json
import os
import re
import time
from datetime import datetime, timezone

UNITS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1, "us": 0.001, "µs": 0.001, "ns": 0.000001}


def now() -> int:
    """The time that this service goes by: the machine's, but for tests that give services clocks apart by CLOCK_OFFSETS_FILE:
    {"3004": "-2s"}, by APP_PORT. It is read each time: clocks jump under way."""
    machine = int(time.time() * 1000)
    file = os.environ.get("CLOCK_OFFSETS_FILE")
    if not file:
        return machine
    with open(file) as text:
        return machine + duration(json.load(text).get(os.environ["APP_PORT"], "0s"))


def duration(text: str) -> int:
    """Reads a duration as Go writes it: -2s, 1m30s, 500ms."""
    sign = -1 if text.startswith("-") else 1
    return sign * int(sum(float(n) * UNITS[unit] for n, unit in re.findall(r"([\d.]+)([a-zµ]+)", text)))


def write(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{at % 1000:03d}Z"


def read(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)

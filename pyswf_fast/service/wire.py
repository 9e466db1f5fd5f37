"""SWF's wire protocol: a request's header and body in, status and body out."""

from __future__ import annotations

import orjson

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import faults
from pyswf_fast.service.embedded import Checked

__all__ = ["CONTENT_TYPE", "LARGEST_REQUEST", "parse", "refusal"]

CONTENT_TYPE = "application/x-amz-json-1.0"
LARGEST_REQUEST = 1_048_576


def parse(target: str, body: bytes) -> Checked:
    """The request that a header `X-Amz-Target` and a body make; old clients send a longer prefix."""
    if len(body) > LARGEST_REQUEST:
        raise ServiceFault("RequestEntityTooLargeException", "A request holds at most 1 MB")
    try:
        params = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise ServiceFault("SerializationException", f"The body is not JSON: {error}") from None
    return Checked(target.rpartition(".")[2], params)


def refusal(fault: ServiceFault) -> tuple[int, bytes]:
    """Status and body of a fault."""
    return faults.status(fault), faults.body(fault)

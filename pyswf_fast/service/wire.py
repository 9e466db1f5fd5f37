"""SWF's wire protocol, JSON 1.0: a request's headers and body in, status, headers and body out.

No signature is checked: this is a local service. Of the credentials only the region counts, since a domain
belongs to one. What speaks another of AWS's protocols is refused in that protocol, so that its client can
read why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

import orjson

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import faults
from pyswf_fast.service.domain import DEFAULT_REGION
from pyswf_fast.service.embedded import Checked
from pyswf_fast.service.limits import Limits

__all__ = ["CONTENT_TYPE", "Headers", "parse", "refusal"]

CONTENT_TYPE = "application/x-amz-json-1.0"
LARGEST_REQUEST = Limits().request_bytes

Headers = dict[str, str]

_JSON_TYPES = {CONTENT_TYPE, "application/x-amz-json-1.1", "application/json", ""}
_NO_CODINGS = {"", "identity", "amz-1.0"}  # the last is what boto 2 says of plain JSON
_SCOPE = re.compile(r"Credential=[^/,\s]+/[0-9]+/([a-z0-9-]+)/[a-z0-9-]+/aws4_request")


class _ForeignProtocol(ServiceFault):
    """A request in another protocol than JSON 1.0."""

    def __init__(self, protocol: str) -> None:
        super().__init__(
            "UnknownOperationException",
            f"SWF speaks AWS's JSON protocol 1.0 (POST /, Content-Type: {CONTENT_TYPE}, "
            f"X-Amz-Target: SimpleWorkflowService.<operation>), this request is {protocol}",
        )
        self.protocol = protocol


def parse(headers: Mapping[bytes, bytes], body: bytes, largest: int = LARGEST_REQUEST) -> Checked:
    """The request that a POST's headers (their names in small letters) and body make, or its fault."""
    if len(body) > largest:
        raise ServiceFault("RequestEntityTooLargeException", f"A request holds at most {largest:,} bytes")
    protocol = _protocol(headers)
    if protocol is not None:
        raise _ForeignProtocol(protocol)
    coding = headers.get(b"content-encoding", b"").decode("latin-1")
    if coding not in _NO_CODINGS:
        raise ServiceFault("SerializationException", f"SWF reads no body of Content-Encoding {coding}")
    try:
        params = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ServiceFault("SerializationException", f"The body is not JSON: {error}") from None
    # Old clients send com.amazonaws.swf.service.model.SimpleWorkflowService.<operation>.
    operation = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2].strip()
    return Checked(operation, params, region=_region(headers))


def refusal(fault: ServiceFault) -> tuple[int, Headers, bytes]:
    """Status, headers and body of a fault, in the protocol of the request."""
    protocol = fault.protocol if isinstance(fault, _ForeignProtocol) else None
    if protocol == "CBOR":
        headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        body = b"\xa2" + b"".join(map(_cbor, ("__type", fault.type, "message", fault.message)))
        return 404, headers, body
    if protocol == "Query":
        detail = f"<Type>Sender</Type><Code>{fault.type}</Code><Message>{escape(fault.message)}</Message>"
        body = f"<ErrorResponse><Error>{detail}</Error></ErrorResponse>".encode()
        return 404, {"content-type": "text/xml"}, body
    status = 404 if protocol else faults.status(fault)
    return status, {"content-type": CONTENT_TYPE}, faults.body(fault)


def _protocol(headers: Mapping[bytes, bytes]) -> str | None:
    """Which protocol a request is in; None for the right one.

    That other content types are answered 404 is what AWS's servers of this protocol do.
    """
    media_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if media_type in _JSON_TYPES:
        return None
    if media_type == "application/cbor" or b"smithy-protocol" in headers:
        return "CBOR"
    if media_type == "application/x-www-form-urlencoded" and b"x-amz-target" not in headers:
        return "Query"
    return f"of Content-Type {media_type}"


def _region(headers: Mapping[bytes, bytes]) -> str:
    """The region that the request is signed for."""
    found = _SCOPE.search(headers.get(b"authorization", b"").decode("latin-1"))
    return found[1] if found else DEFAULT_REGION


def _cbor(text: str) -> bytes:
    """`text` as a CBOR text string of less than 64 kB."""
    encoded = text.encode()
    return b"\x79" + len(encoded).to_bytes(2, "big") + encoded

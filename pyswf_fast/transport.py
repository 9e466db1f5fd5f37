"""SWF through boto3, with the bodies of its answers as they came.

boto3 does what it is good at (credentials, region, endpoint, signing, retries, pooling); its parser, slow and
of no use here, never sees the events: a `before-parse` handler sets the body aside and shows it an empty one.

Two SDK clients are made. Polls have one of their own, which tries once: a poll whose answer is lost may have
been given a task, and a second try would start another while the first one times out unseen. When to poll
again is the worker's decision.
"""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3
import botocore.config
import botocore.exceptions
from botocore import xform_name

from pyswf_fast.exceptions import ConfigurationError, ServiceFault, SwfError, UsageError

__all__ = ["Boto3Transport", "Transport"]

#: SWF answers an idle poll after 60 s; it wants clients that wait for at least 70.
POLL_READ_TIMEOUT_SECONDS = 75
READ_TIMEOUT_SECONDS = 60
CONNECT_TIMEOUT_SECONDS = 10
#: Polls that can be in flight at once, each on a connection that is kept.
POLL_CONNECTIONS = 200
CONNECTIONS = 50

_POLLS = frozenset({"PollForActivityTask", "PollForDecisionTask"})
_NO_TASK = b'{"taskToken":"","startedEventId":0,"previousStartedEventId":0}'
_BODY = "pyswf_fast.body"


class Transport(Protocol):
    """Carries one operation to SWF and its answer back."""

    def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
        """Return the body of the answer, as on the wire.

        Raises:
            ServiceFault: SWF refused the request.
            ConfigurationError: Something that must be known to reach SWF is not.
            SwfError: There was no answer; its cause is the SDK's error.
        """


class Boto3Transport:
    """Amazon SWF, or what ``AWS_ENDPOINT_URL_SWF`` names.

    Parameters:
        session: The boto3 session to use, instead of one made of what follows.
        region: AWS region; None leaves it to boto3.
        profile: Profile of the AWS configuration; None leaves it to boto3.
        endpoint_url: Where SWF is; None leaves it to boto3.
        aws_access_key_id: Access key; None leaves credentials to boto3.
        aws_secret_access_key: Secret access key.
    """

    def __init__(
        self,
        session: Any = None,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
    ) -> None:
        if (aws_access_key_id is None) != (aws_secret_access_key is None):
            raise ConfigurationError("give aws_access_key_id and aws_secret_access_key together or neither")
        self._session = session
        self._profile = profile
        self._options: dict[str, Any] = {
            key: value
            for key, value in {
                "region_name": region,
                "endpoint_url": endpoint_url,
                "aws_access_key_id": aws_access_key_id,
                "aws_secret_access_key": aws_secret_access_key,
            }.items()
            if value is not None
        }
        self._lock = threading.Lock()  # making a client is not safe in two threads at once, using it is
        self._clients: dict[bool, Any] = {}
        self._polls = _Connections()
        self._closed = False

    def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
        """Make one request; see `Transport.call`."""
        # the next page of a poll's answer starts no task, so it is asked for as any other thing
        is_poll = operation in _POLLS and "nextPageToken" not in params
        if is_poll and self._polls.closed:
            return _NO_TASK
        with _naming_errors(operation):
            client = self._client(is_poll)
            method: Callable[..., dict[str, Any]] | None = getattr(client, xform_name(operation), None)
            if method is None:
                raise UsageError(f"SWF has no operation {operation!r}")
            try:
                answer = method(**params)
            except KeyError as unknown:
                raise UsageError(f"{operation} takes no member {unknown}") from unknown
            except botocore.exceptions.BotoCoreError:
                if is_poll and self._polls.closed:
                    return _NO_TASK
                raise
        body: bytes = answer[_BODY]
        return body

    def close_polls(self) -> None:
        """End the polls in flight, in whatever thread they wait: they return as if there had been no task.

        So does every later poll, at once. Other requests go on.
        """
        self._polls.close()

    def close(self) -> None:
        """End the polls in flight and give up all connections."""
        self._closed = True
        self.close_polls()
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def __enter__(self) -> Boto3Transport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _client(self, is_poll: bool) -> Any:
        client = self._clients.get(is_poll)
        if client is not None:
            return client
        with self._lock:
            if self._closed:
                raise ConfigurationError("this transport has been closed")
            if is_poll not in self._clients:
                self._clients[is_poll] = self._make_client(is_poll)
            return self._clients[is_poll]

    def _make_client(self, is_poll: bool) -> Any:
        settings: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "read_timeout": POLL_READ_TIMEOUT_SECONDS if is_poll else READ_TIMEOUT_SECONDS,
            "max_pool_connections": POLL_CONNECTIONS if is_poll else CONNECTIONS,
            "tcp_keepalive": True,
            "parameter_validation": False,  # names and lengths were checked where they were given
        }
        if is_poll:
            settings["retries"] = {"mode": "standard", "total_max_attempts": 1}
        if self._session is None:
            self._session = boto3.session.Session(profile_name=self._profile)
        client = self._connect(botocore.config.Config(**settings))
        client.meta.events.register("before-parse.swf", _set_body_aside)
        if is_poll:
            self._polls.watch(client)
        return client

    def _connect(self, config: botocore.config.Config) -> Any:
        """Make an SDK client; a service on this machine needs neither region nor credentials."""
        options = dict(self._options)
        if "region_name" in options or self._session.region_name:
            client = self._session.client("swf", config=config, **options)
        else:
            options["region_name"] = "us-east-1"
            client = self._session.client("swf", config=config, **options)
            if not _is_this_machine(client.meta.endpoint_url):
                raise botocore.exceptions.NoRegionError
        if (
            _is_this_machine(client.meta.endpoint_url)
            and "aws_access_key_id" not in options
            and self._session.get_credentials() is None
        ):
            options |= {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
            client = self._session.client("swf", config=config, **options)
        return client


class _Connections:
    """The connections of one SDK client, so that another thread can end what waits on them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self.closed = False

    def watch(self, client: Any) -> None:
        """Have each connection that the client makes reported to `add`."""
        pools: dict[str, type[Any]] = client._endpoint.http_session._pool_classes_by_scheme
        pools.update({scheme: _reporting(pool, self.add) for scheme, pool in pools.items()})

    def add(self, connection: Any) -> None:
        """Remember a connection that has just been made."""
        with self._lock:
            self._open.add(connection)
            if self.closed:
                _shut(connection)

    def close(self) -> None:
        """Shut all connections, and those still to come as soon as they are made."""
        with self._lock:
            self.closed = True
            for connection in list(self._open):
                _shut(connection)


def _reporting(pool: Any, report: Callable[[Any], None]) -> type[Any]:
    """Make the pool class whose connections report themselves."""

    base: Any = pool.ConnectionCls

    class ReportingConnection(base):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            report(self)

    return type(f"Reporting{pool.__name__}", (pool,), {"ConnectionCls": ReportingConnection})


def _shut(connection: Any) -> None:
    sock = getattr(connection, "sock", None)
    if sock is not None:
        # of the plain class: that of TLS would take the session away under the thread that reads from it
        with suppress(OSError, TypeError):  # it is closed already, or wraps no socket of its own
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _set_body_aside(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    if response_dict["status_code"] < 300:
        body = response_dict["body"]
        expected = response_dict["headers"].get("Content-Length", "")
        if expected.isdecimal() and len(body) != int(expected):  # the SDK takes what it gets
            raise botocore.exceptions.IncompleteReadError(actual_bytes=len(body), expected_bytes=expected)
        customized_response_dict[_BODY] = body
        response_dict["body"] = b"{}"


@contextmanager
def _naming_errors(operation: str) -> Iterator[None]:
    """Turn the SDK's errors into ours, sorted by whose fault it is."""
    try:
        yield
    except botocore.exceptions.ClientError as refusal:
        error = refusal.response.get("Error", {})
        raise ServiceFault(str(error.get("Code", "Unknown")), str(error.get("Message", ""))) from refusal
    except botocore.exceptions.NoRegionError as missing:
        raise ConfigurationError(
            "no AWS region: set AWS_REGION, or give region=… (on the command line --region)"
        ) from missing
    except botocore.exceptions.NoCredentialsError as missing:
        raise ConfigurationError(
            "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or run where a role gives them"
        ) from missing
    except (
        botocore.exceptions.HTTPClientError,
        botocore.exceptions.ConnectionError,
        botocore.exceptions.CredentialRetrievalError,
        botocore.exceptions.MetadataRetrievalError,
        botocore.exceptions.IncompleteReadError,
    ) as trouble:
        raise SwfError(f"{operation}: {trouble}") from trouble
    except (botocore.exceptions.BotoCoreError, ValueError) as wrong:
        raise ConfigurationError(f"{operation}: {wrong}") from wrong


def _is_this_machine(endpoint_url: str) -> bool:
    host = urlsplit(endpoint_url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")

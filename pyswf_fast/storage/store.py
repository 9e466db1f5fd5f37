"""What a data store is."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

__all__ = ["DataStore", "SwfDataStore"]


@runtime_checkable
class DataStore(Protocol):
    """Keeps messages, and finds them again by the reference that it gave.

    These two methods are all that a store of one's own needs. Three attributes are looked at where it has
    them: ``always``, which if true keeps every payload out of SWF, not only those too long for it; ``tiers``,
    a `Tiers` that says from which length on what is compressed and stored; and ``cache``, the `PayloadCache`
    to use instead of the one that all stores of a process share (None: none).

    Both methods are called in several threads at once. What they raise that is no `DataStoreError` is taken
    for a store that does not answer.
    """

    def put(self, message: Any, key: str) -> str:
        """Keep a message under a key of its own, and return the reference to it.

        Parameters:
            message: bytes (or str, which comes back as str: the library itself always writes bytes).
            key: ``domain/workflowId/runId/sha256`` of the message, the names percent-encoded. The same key
                is never given for two different messages.
        """

    def get(self, reference: str) -> Any:
        """Return the message that a reference names. Size and hash of it are verified by the caller."""


class SwfDataStore:
    """SWF itself: a payload must fit into its field, as it is or compressed.

    Parameters:
        tiers: From which length on payloads are compressed, and how; None is `Tiers()`.
    """

    def __init__(self, *, tiers: Any = None) -> None:
        self.tiers = tiers

    def put(self, message: str, key: str) -> str:  # noqa: ARG002 - the key is for stores that keep things
        """Return the message."""
        return message

    def get(self, reference: str) -> str:
        """Return the reference."""
        return reference

    def __repr__(self) -> str:
        return "SwfDataStore()"

"""SWF's quotas, which a test may make smaller to meet them quickly."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pyswf_fast.exceptions import ConfigurationError

__all__ = ["Limits"]

SHORTEST_HISTORY = 2  # the start of an execution and its close


@dataclass(frozen=True, slots=True)
class Limits:
    """SWF's quotas, from the page "Amazon SWF Quotas" of its developer guide.

    Parameters:
        domains: Domains of a region, deprecated ones included.
        types: Activity types of a domain, deprecated ones included, and as many workflow types.
        tags: Tags of a domain.
        request_bytes: The body of a request.
        open_executions: Open executions of a domain, children included.
        history_events: Events of an execution; the one that would be too much terminates it.
        open_activities: Activity tasks of an execution that wait or run.
        open_timers: Timers of an execution.
        open_children: Open child executions of an execution.
        open_lambdas: Lambda functions of an execution that have not ended. SWF publishes no number.
        pollers: Polls that wait at a task list at once.
        count: What an operation that counts tells at most.

    Raises:
        ConfigurationError: A limit that is no number, or below what a service needs.

    Example:
        >>> EmbeddedSwf(limits=Limits(open_timers=3, history_events=100))
    """

    domains: int = 100
    types: int = 10_000
    tags: int = 50
    request_bytes: int = 1_048_576
    open_executions: int = 100_000
    history_events: int = 25_000
    open_activities: int = 1_000
    open_timers: int = 1_000
    open_children: int = 1_000
    open_lambdas: int = 1_000
    pollers: int = 1_000
    count: int = 100_000

    def __post_init__(self) -> None:
        """Refuse what is no limit."""
        for one in fields(self):
            value, least = getattr(self, one.name), SHORTEST_HISTORY if one.name == "history_events" else 0
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigurationError(
                    f"limit {one.name} is {value!r}; it is a whole number from {least} on"
                )

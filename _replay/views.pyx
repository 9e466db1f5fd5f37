"""Typed views of a history's entities, signals and markers, for people and tools."""

import re

cdef object _RETRY = re.compile(r"-(\d+)$")


def _camel(str name):
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


cdef class Work:
    """Something that the decider asked for and SWF accepted: its id, its state and the members of its events.

    Members have their names of the JSON in snake case (`task_list`, `result`, `timeout_type`, …), None where absent.
    """

    cdef readonly str state
    cdef readonly int64_t scheduled_event_id
    cdef readonly int64_t started_event_id
    cdef readonly int64_t closed_event_id
    cdef int repeated
    cdef History history
    cdef dict members

    _id = ""
    _members = frozenset()

    def __init__(self, *args, **kwargs):
        raise TypeError("views are made by a History")

    @staticmethod
    cdef Work of(type view, History history, Entity* entity):
        cdef Work work = view.__new__(view)
        work.history = history
        work.state = STATE_NAMES[entity.state]
        work.scheduled_event_id = entity.scheduled
        work.started_event_id = entity.started
        work.closed_event_id = entity.closed
        work.repeated = entity.attempt
        return work

    cdef dict read(self):
        if self.members is None:
            members = {}
            for event_id in (self.scheduled_event_id, self.started_event_id, self.closed_event_id):
                if event_id:
                    members.update(self.history.attributes(event_id))
            self.members = members
        return self.members

    @property
    def id(self):
        """The id that SWF knows it by."""
        id = self.read().get(self._id)
        if not isinstance(id, str):
            raise HistoryFormatError(
                f"{self._id} expected as a string, found {id!r}", event_id=self.scheduled_event_id
            )
        return id

    @property
    def attempt(self):
        """1, or the number of this retry."""
        retry = _RETRY.search(self.id)
        return int(retry[1]) if retry else 1

    @property
    def name(self):
        """Name of its type."""
        return self._type().get("name")

    @property
    def version(self):
        """Version of its type."""
        return self._type().get("version")

    def _type(self):
        members = self.read()
        return members.get("activityType") or members.get("workflowType") or {}

    def __getattr__(self, name):
        if name not in self._members:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        return self.read().get(_camel(name))

    def __dir__(self):
        return [*super().__dir__(), *self._members]

    def __repr__(self):
        return f"<{type(self).__name__} {self.id} {self.state}>"


class Activity(Work):
    """An activity task."""

    _id = "activityId"
    _members = frozenset(
        "activity_id activity_type input control schedule_to_start_timeout schedule_to_close_timeout"
        " start_to_close_timeout heartbeat_timeout task_list task_priority decision_task_completed_event_id identity"
        " scheduled_event_id started_event_id result reason details timeout_type"
        " latest_cancel_requested_event_id".split()
    )


class StartedTimer(Work):
    """A timer."""

    _id = "timerId"
    _members = frozenset("timer_id control start_to_fire_timeout decision_task_completed_event_id".split())


class ChildWorkflow(Work):
    """A child workflow."""

    _id = "workflowId"
    _members = frozenset(
        "workflow_id workflow_type workflow_execution input control execution_start_to_close_timeout task_list"
        " task_priority task_start_to_close_timeout child_policy tag_list lambda_role initiated_event_id"
        " decision_task_completed_event_id result reason details timeout_type cause".split()
    )

    @property
    def attempt(self):
        """1, or the number of this retry."""
        return (<Work>self).repeated


class Lambda(Work):
    """A Lambda function."""

    _id = "id"
    _members = frozenset(
        "input control start_to_close_timeout decision_task_completed_event_id result reason details timeout_type"
        " cause message".split()
    )

    @property
    def name(self):
        """Name of the function."""
        return (<Work>self).read()["name"]


cdef tuple VIEWS = (Activity, StartedTimer, ChildWorkflow, Lambda)


@cython.final
cdef class RecordedSignal:
    """A signal that the execution received."""

    cdef readonly int64_t event_id
    cdef readonly str name
    cdef readonly str input

    @staticmethod
    cdef RecordedSignal of(History history, int64_t event_id):
        cdef RecordedSignal signal = RecordedSignal.__new__(RecordedSignal)
        cdef Row* row = &history.rows[event_id - 1]
        signal.event_id = event_id
        signal.name = history.key_text(row)
        signal.input = history.value_text(row)
        return signal

    def __repr__(self):
        return f"<RecordedSignal {self.name!r}>"


@cython.final
cdef class RecordedMarker:
    """A marker that the decider recorded."""

    cdef readonly int64_t event_id
    cdef readonly str name
    cdef readonly str details

    @staticmethod
    cdef RecordedMarker of(History history, int64_t event_id):
        cdef RecordedMarker marker = RecordedMarker.__new__(RecordedMarker)
        cdef Row* row = &history.rows[event_id - 1]
        marker.event_id = event_id
        marker.name = history.key_text(row)
        marker.details = history.value_text(row)
        return marker

    def __repr__(self):
        return f"<RecordedMarker {self.name!r}>"

# cython: language_level=3, binding=False, freethreading_compatible=False
# cython: embedsignature=True, embedsignature.format=clinic, autotestdict=False
# cython: wraparound=False, cdivision=True
# cython: warn.maybe_uninitialized=True
"""The replay engine: pages of bytes in, decisions out.

    scan      JSON bytes to spans, one pass, no objects            scan.pxd, kinds.pxd, rows.pxd, shapes.pxd, text.pyx
    page      a response body: its envelope, a row for each event  page.pyx
    history   rows of all pages, by event id                       history.pyx
    index     what became of each thing asked for                  index.pyx, views.pyx
    promise   an outcome, now or later, and who waits for it       branch.pyx, promise.pyx, groups.pyx, signals.pyx
    decision  what the decider asks for                            decision.pyx, slots.pyx, command.pyx, request.pyx,
                                                                   cached.pyx, patch.pyx
    record    what history says it asked for, and what came of it  record.pyx, failure.pyx,
                                                                   attempts.pyx, cancel.pyx, ahead.pyx, outcome.pyx
    report    what does not fit between the two, as facts          trace.pyx, strict.pyx, report.pyx
    replay    the decider driven batch by batch                    batches.pyx, replay.pyx, waking.pyx, response.pyx,
                                                                   standing.pyx
    api       what decider code calls                              api.pyx

Nothing here does I/O, knows boto3, or reads a clock.
"""

cimport cython

from pyswf_fast.exceptions import (
    ActivityTaskException,
    Canceled,
    ChildWorkflowException,
    ContinueAsNewException,
    ConversionError,
    DataStoreError,
    ExternalWorkflowException,
    HistoryFormatError,
    LambdaTaskException,
    NondeterminismError,
    RemoteError,
    SerializationError,
    TimerException,
    UsageError,
    WaitTimeout,
    WorkflowCanceled,
)

cdef extern from *:
    """
    #ifndef PYSWF_BUILD
    #define PYSWF_BUILD "release"
    #endif
    #ifndef PYSWF_DEBUG
    #define PYSWF_DEBUG 0
    #endif
    """
    const char* PYSWF_BUILD
    bint PYSWF_DEBUG

__all__ = [
    "Activity",
    "BUILD",
    "Bound",
    "ChildWorkflow",
    "Event",
    "Failure",
    "History",
    "Lambda",
    "Page",
    "Promise",
    "RecordedMarker",
    "RecordedSignal",
    "Run",
    "SignalQueue",
    "StartedTimer",
    "Task",
    "Work",
    "as_completed",
    "cancel_external",
    "continue_as_new",
    "continue_with",
    "current_run",
    "deprecate_patch",
    "patched",
    "record_marker",
    "signal_external",
    "signals",
    "sleep",
    "spawn",
    "start_timer",
    "wait_all",
    "wait_any",
]

BUILD = PYSWF_BUILD.decode()

include "kinds.pxd"
include "scan.pxd"
include "rows.pxd"
include "shapes.pxd"
include "text.pyx"
include "page.pyx"
include "history.pyx"
include "index.pyx"
include "views.pyx"
include "branch.pyx"
include "promise.pyx"
include "groups.pyx"
include "signals.pyx"
include "decision.pyx"
include "slots.pyx"
include "trace.pyx"
include "command.pyx"
include "request.pyx"
include "cached.pyx"
include "patch.pyx"
include "record.pyx"
include "failure.pyx"
include "attempts.pyx"
include "cancel.pyx"
include "ahead.pyx"
include "outcome.pyx"
include "strict.pyx"
include "report.pyx"
include "response.pyx"
include "waking.pyx"
include "standing.pyx"
include "batches.pyx"
include "replay.pyx"
include "api.pyx"

PyGreenlet_Import()
fill_kinds()
KIND_NAMES.extend([KINDS[<int>kind].name.decode() for kind in range(<int>KIND_COUNT)])

"""Code of a decider, suspended where it waits: each branch runs in a greenlet of its own.

A greenlet leaves the user's stack as it is, so that no `except` sees a suspension. An `async def` decider is driven in
a greenlet too: what it awaits suspends the greenlet, not the coroutine.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF

cdef extern from "greenlet.h":
    ctypedef struct PyGreenlet:
        pass
    void PyGreenlet_Import()
    PyGreenlet* PyGreenlet_New(object run, PyGreenlet* parent) except NULL
    PyGreenlet* PyGreenlet_GetCurrent() except NULL
    object PyGreenlet_Switch(PyGreenlet* greenlet, PyObject* args, PyObject* kwargs)
    object PyGreenlet_Throw(PyGreenlet* greenlet, object type, object value, object traceback)
    int PyGreenlet_SetParent(PyGreenlet* greenlet, PyGreenlet* parent) except -1
    bint PyGreenlet_ACTIVE(PyGreenlet* greenlet)

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #define PYSWF_THREAD_LOCAL __declspec(thread)
    #else
    #define PYSWF_THREAD_LOCAL __thread
    #endif
    /* The run whose code this thread is executing; borrowed, held by the frame that advances it. */
    static PYSWF_THREAD_LOCAL PyObject *pyswf_running = NULL;
    """
    PyObject* pyswf_running

from greenlet import GreenletExit
from inspect import iscoroutine


cdef inline Run running():
    """The run whose decider is calling, or None outside of deciders."""
    return <Run>pyswf_running if pyswf_running != NULL else None


cdef Run decider_run(str what):
    cdef Run run = running()
    if run is None:
        raise UsageError(f"{what} works only inside a decider, while a worker runs it")
    check_awake(run, what)
    return run


cdef list UNENDING = []  # greenlets whose code does not end when it is told to


@cython.final
cdef class Branch:
    """The decider's function, or one given to `spawn`."""

    cdef Run run
    cdef object function
    cdef tuple args
    cdef dict kwargs
    cdef Promise promise      # resolved by the function's end
    cdef object greenlet
    cdef object parent        # the greenlet that this one was last resumed from
    cdef object waiting_on    # the Promise at which it stands
    cdef BaseException thrown  # to be raised where it stands
    cdef bint is_main
    cdef bint is_async
    cdef bint ended

    cdef int start(self) except -1:
        cdef PyGreenlet* greenlet = PyGreenlet_New(self.body, NULL)
        self.greenlet = <object><PyObject*>greenlet
        Py_DECREF(self.greenlet)  # the reference that was new
        return self.resume()

    cdef int adopt(self) except -1:
        """Make the greenlet that runs now the one to which this branch returns."""
        cdef PyGreenlet* here = PyGreenlet_GetCurrent()
        cdef object parent = <object><PyObject*>here
        Py_DECREF(parent)  # the reference that was new
        if self.parent is not parent:
            PyGreenlet_SetParent(<PyGreenlet*><PyObject*>self.greenlet, here)
            self.parent = parent
        return 0

    cdef int resume(self) except -1:
        """Run to the next wait or to the end."""
        cdef Branch caller = self.run.branch
        self.adopt()
        self.waiting_on = None
        self.run.branch = self
        try:
            PyGreenlet_Switch(<PyGreenlet*><PyObject*>self.greenlet, NULL, NULL)
        finally:
            self.run.branch = caller
        return 0

    cdef int suspend(self, Promise promise) except -1:
        """Stand still until `promise` is resolved; called on the branch's own greenlet."""
        cdef BaseException thrown
        promise.add_waiter(self)
        self.waiting_on = promise
        self.leave()
        if self.thrown is not None:
            thrown = self.thrown
            self.thrown = None
            raise thrown
        return 0

    cdef bint runs(self) except -1:
        """Whether the calling greenlet is this branch's own."""
        cdef PyGreenlet* here = PyGreenlet_GetCurrent()
        cdef object current = <object><PyObject*>here
        Py_DECREF(current)  # the reference that was new
        return current is self.greenlet

    cdef int stand_still(self) except -1:
        """Evicted, or broken off: nothing that this code does counts any more, so it does nothing more."""
        while True:
            self.leave()

    cdef int leave(self) except -1:
        PyGreenlet_Switch(<PyGreenlet*><PyObject*>self.parent, NULL, NULL)
        return 0

    def body(self):
        """What the greenlet runs."""
        try:
            result = self.function(*self.args, **self.kwargs)
            if iscoroutine(result):
                self.is_async = True
                result = self.drive(result)
        except KeyboardInterrupt:
            self.ended = True
            raise
        except BaseException as exception:
            if not self.ended:
                self.ended = True
                branch_failed(self.run, self, exception)
        else:
            if not self.ended:
                self.ended = True
                branch_returned(self.run, self, result)

    cdef object drive(self, object coroutine):
        """A coroutine to its end: whatever it awaits of ours suspends the greenlet itself."""
        try:
            strange = coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        try:
            coroutine.close()
        except RuntimeError:
            pass  # its code caught the exit and awaits again
        raise UsageError(
            f"a decider can await Promises, sleep(), wait_all() and the like; it awaited {strange!r},"
            " which only an event loop can resolve"
        )

    cdef int close(self) except -1:
        """Unwind what is suspended. The code sees GreenletExit, which `except Exception` does not catch."""
        if self.run.branch is self:
            return 0
        cdef bint waits = self.waiting_on is not None
        release(self.promise)
        self.waiting_on = None
        if self.greenlet is None or self.ended:
            return 0
        self.ended = True
        if not waits:
            return 0  # it runs now, further up: at its next call it stands still
        if PyGreenlet_ACTIVE(<PyGreenlet*><PyObject*>self.greenlet):
            self.unwind()
            if PyGreenlet_ACTIVE(<PyGreenlet*><PyObject*>self.greenlet):
                # Its code caught the exit and waits again. To drop the greenlet would raise the exit in it once more,
                # and so on: it is kept, standing still.
                UNENDING.append(self.greenlet)
        self.greenlet = None
        return 0

    cdef int unwind(self) except -1:
        cdef Branch caller = self.run.branch
        self.adopt()
        self.run.branch = self
        try:
            PyGreenlet_Throw(<PyGreenlet*><PyObject*>self.greenlet, GreenletExit, None, None)
        finally:
            self.run.branch = caller
        return 0

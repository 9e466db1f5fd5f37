"""Which line of code asked for what: kept only while a mismatch is being explained."""

import sys


@cython.final
cdef class Trace:
    """What the code asked for since its last decision that agreed with history."""

    cdef list made            # commands, in the order in which they were issued
    cdef dict sites           # command -> [(module, file, line, function)], the innermost frame first
    cdef list agreed          # facts of the last commands that agreed
    cdef int last_batch       # the one that is explained

    @staticmethod
    cdef Trace new(int last_batch):
        cdef Trace trace = Trace.__new__(Trace)
        trace.made = []
        trace.sites = {}
        trace.agreed = []
        trace.last_batch = last_batch
        return trace

    cdef int note_site(self, Command command) except -1:
        cdef list site = []
        try:
            frame = sys._getframe()
        except ValueError:  # no code of anybody asks: the function has ended
            frame = None
        while frame is not None and len(site) < MOST_FRAMES:
            site.append((
                str(frame.f_globals.get("__name__")), frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
            ))
            frame = frame.f_back
        self.sites[command] = site
        return 0

    cdef int agree(self) except -1:
        """The decision fits: what is still queued was held back by it."""
        cdef Command command
        self.agreed += [command_facts(self, command) for command in self.made if command.stage != QUEUED]
        self.agreed = self.agreed[len(self.agreed) - MOST_AGREED:] if len(self.agreed) > MOST_AGREED else self.agreed
        self.made = [command for command in self.made if command.stage == QUEUED]
        return 0


cdef enum:
    MOST_FRAMES = 12
    MOST_AGREED = 3

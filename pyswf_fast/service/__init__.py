"""Amazon SWF in a box: an embedded service for development, tests, demos and CI."""

from pyswf_fast.service.clock import Clock, SystemClock, VirtualClock
from pyswf_fast.service.domain import Limits
from pyswf_fast.service.embedded import EmbeddedSwf

__all__ = ["Clock", "EmbeddedSwf", "Limits", "SystemClock", "VirtualClock"]

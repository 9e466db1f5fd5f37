"""Amazon SWF in a box: an embedded service for development, tests, demos and CI."""

from pyswf_fast.service.clock import Clock, SystemClock, VirtualClock
from pyswf_fast.service.embedded import EmbeddedSwf
from pyswf_fast.service.lambdas import LambdaContext
from pyswf_fast.service.limits import Limits

__all__ = ["Clock", "EmbeddedSwf", "LambdaContext", "Limits", "SystemClock", "VirtualClock"]

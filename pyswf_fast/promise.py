"""PySwfAws's name for where promises, timers and markers are."""

from pyswf_fast._replay import Promise
from pyswf_fast.workflow import Marker, Timer

__all__ = ["Marker", "Promise", "Timer"]

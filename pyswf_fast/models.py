"""PySwfAws's name for what a decider's history holds."""

from pyswf_fast._replay import Activity, Lambda
from pyswf_fast._replay import ChildWorkflow as Workflow
from pyswf_fast._replay import RecordedMarker as Marker
from pyswf_fast._replay import RecordedSignal as Signal
from pyswf_fast._replay import StartedTimer as Timer
from pyswf_fast.decider import DecisionContext as SwfDecisionContext

__all__ = ["Activity", "Lambda", "Marker", "Signal", "SwfDecisionContext", "Timer", "Workflow"]

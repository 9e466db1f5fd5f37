"""PySwfAws's name for where decision workers are."""

from pyswf_fast.distributed import DistributedDecisionWorker
from pyswf_fast.local import LocalDecisionWorker

__all__ = ["DistributedDecisionWorker", "LocalDecisionWorker"]

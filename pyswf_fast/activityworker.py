"""PySwfAws's name for where activity workers are."""

from pyswf_fast.distributed import DistributedActivityWorker

__all__ = ["DistributedActivityWorker"]

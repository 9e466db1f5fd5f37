"""PySwfAws's name for the module of data stores; see ``storage/``."""

from pyswf_fast.storage import DataStore, FileDataStore, MemoryDataStore, S3DataStore, SwfDataStore

__all__ = ["DataStore", "FileDataStore", "MemoryDataStore", "S3DataStore", "SwfDataStore"]

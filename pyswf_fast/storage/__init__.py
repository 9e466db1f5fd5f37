"""Where payloads live that do not fit into SWF's fields, and how they get there and back.

tiers         text ↔ field: as it is, compressed within the field, or in a store
compression   zstd, bounded, with trained dictionaries
store         what a data store is: two methods
sealed        what our own stores share: keys, seals, encryption
files, memory, s3
cache         what has been read, by reference: in memory, and on disk for all processes
traffic       many payloads at once, never one after another
"""

from pyswf_fast.storage.cache import PayloadCache
from pyswf_fast.storage.compression import Dictionary
from pyswf_fast.storage.files import FileDataStore
from pyswf_fast.storage.memory import MemoryDataStore
from pyswf_fast.storage.s3 import S3DataStore
from pyswf_fast.storage.sealed import Cipher, SealedStore, StoredObject
from pyswf_fast.storage.store import DataStore, SwfDataStore
from pyswf_fast.storage.tiers import Tiers, references

__all__ = [
    "Cipher",
    "DataStore",
    "Dictionary",
    "FileDataStore",
    "MemoryDataStore",
    "PayloadCache",
    "S3DataStore",
    "SealedStore",
    "StoredObject",
    "SwfDataStore",
    "Tiers",
    "references",
]

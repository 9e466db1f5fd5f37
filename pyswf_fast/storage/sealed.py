"""What our own stores share: where a key lies, what a reference says, encryption before writing.

    put: message ── seal ── encrypt ──► write(key, body)        reference = place of the key + seal
    get: reference ── own place? ──► read(key) ── decrypt ── verify ──► message

A store of this kind says how bytes are written, read, listed and deleted, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pyswf_fast.exceptions import ForeignReference, PayloadCorrupted, PayloadMissing
from pyswf_fast.storage.cache import SHARED, PayloadCache
from pyswf_fast.storage.compression import DICTIONARY_FOLDER, Dictionary
from pyswf_fast.storage.keys import Seal, clean_key, raw
from pyswf_fast.storage.tiers import Tiers

__all__ = ["STALE_AFTER_SECONDS", "Cipher", "SealedStore", "StoredObject"]

#: An object that is older is written anew, though it is there: a rule that deletes by age must not find it.
STALE_AFTER_SECONDS = 86_400


class Cipher(Protocol):
    """Encrypts what a store writes, and decrypts what it reads; of the user's making.

    Called in several threads at once. What `decrypt` raises is taken for a payload that was altered.
    """

    def encrypt(self, plain: bytes, key: str) -> bytes:
        """Encrypt a message.

        Parameters:
            plain: The message.
            key: Where it will lie, to be authenticated with it.
        """

    def decrypt(self, sealed: bytes, key: str) -> bytes:
        """Decrypt what `encrypt` returned for the same key."""


@dataclass(frozen=True)
class StoredObject:
    """An object in a store.

    Parameters:
        key: Its key, below the store's own place.
        size: Its size in bytes, as it lies there.
        modified: When it was written last.
    """

    key: str
    size: int
    modified: dt.datetime


class SealedStore(ABC):
    """A data store whose references name the object with its size and SHA-256.

    So reading verifies what was written, and a reference is followed only into the store's own place.

    Parameters:
        place: What all references of this store begin with.
        always: Keep every payload out of SWF, not only those too long for it.
        tiers: From which length on payloads are compressed and stored; None is `Tiers()`.
        cache: What keeps payloads that have been read; None is none.
        cipher: Encrypts before writing; None leaves that to the store, or to nobody.
    """

    def __init__(
        self,
        place: str,
        *,
        always: bool = False,
        tiers: Tiers | None = None,
        cache: PayloadCache | None = SHARED,
        cipher: Cipher | None = None,
    ) -> None:
        self.place = place
        self.always = always
        self.tiers = tiers
        self.cache = cache
        self.cipher = cipher
        self._dictionaries: dict[str, Dictionary] = {}

    # How bytes are kept.

    @abstractmethod
    def write(self, key: str, body: bytes, once: bool) -> None:
        """Keep bytes under a clean key.

        Parameters:
            key: A clean key.
            body: The bytes.
            once: The key tells what the bytes are: what is there, and is not stale, is left as it is.
        """

    @abstractmethod
    def read(self, key: str, size: int | None) -> bytes:
        """Find the bytes under a key.

        Parameters:
            key: A clean key.
            size: How many they must be; None is not known.

        Raises:
            PayloadMissing: There are none.
            PayloadCorrupted: They are more or fewer, as far as that shows before they are read.
        """

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Give all objects whose keys begin so, in no order."""

    @abstractmethod
    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""

    # What a data store is.

    def put(self, message: str | bytes, key: str) -> str:
        """Keep a message under a key of its own, and return the sealed reference to it."""
        name = clean_key(key)
        body = raw(message)
        seal = Seal.of(message)
        self.write(name, self._encrypted(body, name), name.endswith(f"/{seal.digest}"))
        return seal.behind(self.place + name)

    def get(self, reference: str) -> str | bytes:
        """Read what a reference names, and verify it."""
        key, seal = self.locate(reference)
        if seal is None:
            raise ForeignReference(f"{reference!r:.300} is no reference that {self!r} made", reference)
        body = self.read(key, None if self.cipher else seal.size)
        return seal.open(self._decrypted(body, key, reference), reference)

    def locate(self, reference: str) -> tuple[str, Seal | None]:
        """Find the key that a reference names, and its seal.

        Raises:
            ForeignReference: It leads elsewhere than into this store's own place.
        """
        url, seal = Seal.split(reference)
        key = url.removeprefix(self.place)
        if not url.startswith(self.place) or not key or clean_key(key) != key:
            raise ForeignReference(
                f"{reference!r:.300} is no reference of {self!r}: it does not lie under {self.place}, "
                "and a store reads nothing else",
                reference,
            )
        return key, seal

    def _encrypted(self, body: bytes, key: str) -> bytes:
        return body if self.cipher is None else self.cipher.encrypt(body, key)

    def _decrypted(self, body: bytes, key: str, reference: str) -> bytes:
        if self.cipher is None:
            return body
        try:
            return self.cipher.decrypt(body, key)
        except Exception as trouble:
            raise PayloadCorrupted(
                f"{reference} could not be decrypted: {type(trouble).__qualname__}: {trouble}", reference
            ) from trouble

    # Dictionaries, which lie beside the payloads.

    def save_dictionary(self, dictionary: Dictionary) -> None:
        """Keep a dictionary, so that whoever reads from this store finds it.

        Raises:
            ConfigurationError: There is another one with the same id.
        """
        try:
            dictionary.check_same(self._read_dictionary(dictionary.id))
        except PayloadMissing:
            key = f"{DICTIONARY_FOLDER}/{dictionary.id}"
            self.write(key, self._encrypted(dictionary.data, key), False)
        self._dictionaries[dictionary.id] = dictionary

    def dictionary(self, id: str) -> Dictionary:
        """Find a dictionary that was saved here."""
        found = self._dictionaries.get(id)
        if found is None:
            found = self._dictionaries[id] = Dictionary(self._read_dictionary(id))
        return found

    def _read_dictionary(self, id: str) -> bytes:
        key = f"{DICTIONARY_FOLDER}/{id}"
        try:
            return self._decrypted(self.read(key, None), key, key)
        except PayloadMissing as trouble:
            raise PayloadMissing(f"{self!r} has no dictionary {id}", key) from trouble.__cause__

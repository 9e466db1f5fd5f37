"""zstd: never more than a limit comes out, and dictionaries for many small payloads that are alike."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import zstandard

from pyswf_fast.exceptions import ConfigurationError, DecompressionLimitExceeded, PayloadCorrupted
from pyswf_fast.storage.keys import raw

__all__ = ["DICTIONARY_FOLDER", "Dictionary", "compress", "decompress"]

#: Where dictionaries lie in a store.
DICTIONARY_FOLDER = "dictionaries"
#: What zstd recommends: about a hundredth of the samples, and not above this.
LARGEST_DICTIONARY_BYTES = 112_640

_MINE = threading.local()  # contexts are costly to make, and must not be shared by threads


class Dictionary:
    """What many payloads have in common; they are compressed to what they have not.

    Parameters:
        data: A zstd dictionary, as `train` makes them (or ``zstd --train``).

    Example:
        >>> dictionary = Dictionary.train(samples)
        >>> store.save_dictionary(dictionary)
        >>> store.tiers = Tiers(compress_from=200, dictionary=dictionary)
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytes(data)
        self._dictionary = zstandard.ZstdCompressionDict(self.data)
        number = self._dictionary.dict_id()
        if not number:
            raise ConfigurationError(f"these {len(self.data)} bytes are no zstd dictionary: they have no id")
        #: Eight hex digits: zstd's own id of it.
        self.id = f"{number:08x}"

    @classmethod
    def train(cls, samples: Iterable[str | bytes], size: int = LARGEST_DICTIONARY_BYTES) -> Dictionary:
        """Make a dictionary of samples: a few hundred payloads, as serializers write them.

        Parameters:
            samples: Payloads like those that are to be compressed.
            size: The most bytes that it may have; a hundredth of all samples is enough.

        Raises:
            ConfigurationError: There are too few samples, or they have nothing in common.
        """
        bodies: list[bytes | bytearray | memoryview] = [raw(sample) for sample in samples]
        try:
            trained = zstandard.train_dictionary(size, bodies)
        except zstandard.ZstdError as refusal:
            raise ConfigurationError(
                f"no dictionary can be made of {len(bodies)} samples with {sum(map(len, bodies)):,} bytes: "
                f"give more of them, or a smaller size ({refusal})"
            ) from refusal
        return cls(trained.as_bytes())

    def check_same(self, data: bytes) -> None:
        """Make sure that what lies under this dictionary's id is this one."""
        if data != self.data:
            raise ConfigurationError(f"another dictionary has the id {self.id}: train it anew")

    def __reduce__(self) -> tuple[Any, ...]:
        return Dictionary, (self.data,)

    def __repr__(self) -> str:
        return f"<Dictionary {self.id}, {len(self.data):,} bytes>"


def compress(body: bytes, level: int, dictionary: Dictionary | None) -> bytes:
    """Compress to a frame that says how long its content is.

    Parameters:
        body: What to compress.
        level: zstd's, 1 (fast) to 22; negative ones are faster still.
        dictionary: What the content has in common with others.
    """
    made: dict[Any, Any] = _MINE.__dict__.setdefault("compressors", {})
    key = (level, None if dictionary is None else dictionary.data)  # whoever made them may give ids twice
    if key not in made:
        # a wrong dictionary would give wrong content: then a check sum of it travels with it
        made[key] = zstandard.ZstdCompressor(
            level=level,
            dict_data=None if dictionary is None else dictionary._dictionary,
            write_checksum=dictionary is not None,
        )
    frame: bytes = made[key].compress(body)
    return frame


def decompress(frame: bytes, limit: int, dictionary: Dictionary | None, what: str) -> bytes:
    """Give the content of a frame.

    Parameters:
        frame: What `compress` returned.
        limit: The most bytes that may come out.
        dictionary: The one that it was compressed with.
        what: What it is, for errors.

    Raises:
        DecompressionLimitExceeded: More would come out.
        PayloadCorrupted: It is no frame, or no whole one, or one with another dictionary.
    """
    made: dict[Any, Any] = _MINE.__dict__.setdefault("decompressors", {})
    key = None if dictionary is None else dictionary.data
    if key not in made:
        made[key] = zstandard.ZstdDecompressor(
            dict_data=None if dictionary is None else dictionary._dictionary
        )
    try:
        size = zstandard.get_frame_parameters(frame).content_size
        if size == zstandard.CONTENTSIZE_UNKNOWN:
            raise PayloadCorrupted(f"{what} is a zstd frame that does not say how long its content is", what)
        if size > limit:
            raise DecompressionLimitExceeded(
                f"{what} has {size:,} bytes once it is decompressed, and the limit is {limit:,} "
                "(Tiers(max_bytes=…) of its data store)",
                what,
            )
        content: bytes = made[key].decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as trouble:
        raise PayloadCorrupted(f"{what} cannot be decompressed: {trouble}", what) from trouble
    return content

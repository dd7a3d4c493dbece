"""What travels between the trusted side and the process that runs learner code: bounded frames, and data in them.

A frame is four bytes of length, one word, a space, and a payload that `checks.wire` wrote. Nothing in a frame is
ever evaluated, and a frame that claims to be longer than `LARGEST` is refused before it is read.
"""

from __future__ import annotations

import struct

LARGEST = 8 << 20
"""Bytes of one frame that comes from learner code: a million numbers; answers hold a few hundred."""

LARGEST_JOB = 64 << 20
"""Bytes of the one frame that goes in: the cells and the cases."""

_LENGTH = struct.Struct(">I")


class FrameError(ValueError):
    """The bytes are no frame, or one that is too long."""


def pack(word: str, payload: bytes = b"") -> bytes:
    """One frame as bytes."""
    body = word.encode("ascii") + b" " + payload
    return _LENGTH.pack(len(body)) + body


class Unpacker:
    """Takes bytes as they come and gives whole frames; holds no more than one frame and one block."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._held = bytearray()

    def feed(self, block: bytes) -> None:
        """Take what has arrived."""
        self._held += block

    def take(self) -> tuple[str, bytes] | None:
        """The next whole frame as word and payload, or `None`; raises `FrameError`."""
        if len(self._held) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._held)
        if length > self._largest:
            raise FrameError(f"a frame of {length:,} bytes")
        end = _LENGTH.size + length
        if len(self._held) < end:
            return None
        word, _, payload = bytes(self._held[_LENGTH.size : end]).partition(b" ")
        del self._held[:end]
        return word.decode("ascii", "replace"), payload

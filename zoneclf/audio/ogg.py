"""Ogg pages, one after the other: what libsndfile passes over without a word.

It drops a damaged page and stops at the second of several streams that were joined, and then
announces only the length of what it read.

Source: RFC 3533, section 6 (page layout, flags, sequence numbers, checksum).
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAGIC = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")
_CHECKSUM = slice(22, 26)
_FIRST, _LAST = 2, 4
_COMMENTS = 1
# zlib's checksum is Ogg's with the bits of every byte, and of the sum, in reverse order.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    flags: int
    stream: int
    number: int
    lacing: bytes
    body: bytes
    whole: bool


def broken_page(path: Path) -> str:
    """Return what breaks the row of pages of an ogg file; empty if nothing, or it is none.

    A file that merely ends too early is not broken (see `zoneclf.audio.headers.cut_short`), and
    what follows the last page of a stream may be a tag.
    """
    with path.open("rb") as stream:
        if stream.read(4) != MAGIC:
            return ""
        stream.seek(0)
        return _first_break(stream, path.stat().st_size)


def without_comments(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the packets of an ogg file from here on, joined, but for the second of each stream.

    That one holds the comments, which a tagger rewrites, and the pages after it may be cut
    anew.  Sources: Vorbis I, section 4.2.1; RFC 7845, section 3.

    Raises
    ------
    ValueError
        If a page is damaged or something else follows the last.
    """
    packets: dict[int, int] = {}
    end = stream.tell()
    for page in _pages(stream):
        end = stream.tell()
        if not page.whole:
            raise ValueError("a page is damaged")
        if page.flags & _FIRST:
            packets[page.stream] = 0
        if packets.get(page.stream, 0) > _COMMENTS:
            yield page.body
            continue
        place = 0
        for length in page.lacing:
            if packets.get(page.stream, 0) != _COMMENTS:
                yield page.body[place : place + length]
            place += length
            if length < 255:
                packets[page.stream] = packets.get(page.stream, 0) + 1
    if stream.seek(0, os.SEEK_END) != end:
        raise ValueError("something else follows, or half a page")


def _first_break(stream: BinaryIO, size: int) -> str:
    due: dict[int, int] = {}
    begun = ended = False
    place = 0
    for page in _pages(stream):
        is_first = bool(page.flags & _FIRST)
        if is_first and begun:
            return f"another stream begins at byte {place}"
        if not page.whole or page.number != due.get(page.stream, page.number):
            return f"pages are damaged or missing before byte {stream.tell()}"
        begun, ended = not is_first, bool(page.flags & _LAST)
        due[page.stream] = page.number + 1
        place = stream.tell()
    return "" if ended or stream.tell() == size else f"no ogg page at byte {place}"


def _pages(stream: BinaryIO) -> Iterator[_Page]:
    """Yield pages until the file ends, even within a page, or something else follows."""
    while len(head := stream.read(_HEADER.size)) == _HEADER.size and head[:4] == MAGIC:
        _, _, flags, _, serial, number, _, count = _HEADER.unpack(head)
        lacing = stream.read(count)
        body = stream.read(sum(lacing))
        if len(lacing) < count or len(body) < sum(lacing):
            return
        blank = head[: _CHECKSUM.start] + bytes(4) + head[_CHECKSUM.stop :]
        whole = _checksum(blank + lacing + body) == head[_CHECKSUM]
        yield _Page(flags, serial, number, lacing, body, whole)


def _checksum(content: bytes) -> bytes:
    """Return the checksum of a page as it is stored: polynomial 0x04c11db7, from 0."""
    reverse = zlib.crc32(content.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return reverse.to_bytes(4, "big").translate(_REVERSED)

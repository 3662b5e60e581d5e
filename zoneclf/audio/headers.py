"""What a file's own bytes say about its length, where decoders stay silent.

* mp3: a stream of varying bit rate without a Xing, Info or VBRI header makes soundfile stop half
  way without an error (its length is guessed from the first frame's bit rate).
* wav, aiff: the announced size of the sound outlives a truncation; libsndfile trusts the file's.
* ogg: the last page of a whole stream carries the end-of-stream flag (RFC 3533, section 6).

Sources: ISO/IEC 11172-3 2.4.2.3 (mp3 frame header); Microsoft RIFF WAVE; Apple AIFF-C; RFC 3533.
"""

import struct
from pathlib import Path
from typing import BinaryIO

_BIT_RATES = {  # kbit/s of layer III, by MPEG version: ISO/IEC 11172-3 table, 13818-3 for MPEG-2
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
# A file that holds less of what it announces counts as truncated.
WHOLE_SHARE = 0.98
# The longest ogg page: a header of 27 + 255 bytes and 255 segments of 255.
_PAGE_BYTES = 65_307
# Chunked files: how the chunk of sound is called, and the byte order of its size.
_SOUND_CHUNKS = {b"RIFF": (b"data", "<"), b"FORM": (b"SSND", ">")}


def is_unmarked_vbr(path: Path) -> bool:
    """Return whether `path` is an mp3 of varying bit rate without a header that says so.

    Without that header all frames are looked at: an intro of silence has a steady bit rate.
    """
    with path.open("rb") as stream:
        place = _after_id3(stream.read(10))
        frame = first = _mp3_frame(_at(stream, place, 4))
        if first is None:
            return False
        body = _at(stream, place, first[0])
        if b"Xing" in body or b"Info" in body or b"VBRI" in body:
            return False
        while frame is not None and frame[1] == first[1]:
            place += frame[0]
            frame = _mp3_frame(_at(stream, place, 4))
    return frame is not None


def cut_short(path: Path) -> str:
    """Return why a wav, aiff or ogg file must be a truncated one; empty if nothing says so."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(4)
        if head in _SOUND_CHUNKS:
            return _cut_chunk(stream, size, *_SOUND_CHUNKS[head])
        if head == b"OggS":
            tail = _at(stream, max(0, size - _PAGE_BYTES), _PAGE_BYTES)
            return "" if _ends_stream(tail) else "the last ogg page is missing"
    return ""


def _cut_chunk(stream: BinaryIO, size: int, sound: bytes, order: str) -> str:
    place = 12
    while place + 8 <= size:
        name, length = struct.unpack(f"{order}4sI", _at(stream, place, 8))
        if name == sound:
            unknown = length in (0, 0xFFFFFFFF)  # written to a pipe
            there = size - place - 8
            whole = unknown or there >= WHOLE_SHARE * length
            return "" if whole else f"{there} of {length} bytes are there"
        place += 8 + length + length % 2
    return ""


def _ends_stream(tail: bytes) -> bool:
    """Return whether the last ogg page is whole and flagged as the last."""
    last = tail.rfind(b"OggS")
    page = tail[last:] if last >= 0 else b""
    if len(page) < 27 or not page[5] & 4:
        return False
    body = 27 + page[26]
    return len(page) >= body + sum(page[27:body])


def _at(stream: BinaryIO, place: int, count: int) -> bytes:
    stream.seek(place)
    return stream.read(count)


def _after_id3(head: bytes) -> int:
    """Return where sound begins: an ID3v2 tag's length is four 7-bit bytes (ID3v2.4, 3.1)."""
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    a, b, c, d = head[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _mp3_frame(head: bytes) -> tuple[int, int] | None:
    """Return a layer III frame's size in bytes and bit rate in kbit/s; None if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, rate_code, bit_code = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or rate_code == 3 or bit_code in (0, 15):
        return None
    bit_rate = _BIT_RATES[1 if version == 3 else 2][bit_code]
    samples = 144 if version == 3 else 72
    size = samples * bit_rate * 1000 // _RATES_HZ[version][rate_code] + (head[2] >> 1 & 1)
    return size, bit_rate

"""What a file's own bytes say about its length, where decoders stay silent.

* mp3: a stream of varying bit rate without a Xing, Info or VBRI header makes soundfile stop half
  way without an error (its length is guessed from the first frame's bit rate).
* wav: the size in the ``data`` chunk outlives a truncation; libsndfile trusts the file's size.
* ogg: the last page of a whole stream carries the end-of-stream flag (RFC 3533, section 6).

Sources: ISO/IEC 11172-3 2.4.2.3 (mp3 frame header); Microsoft RIFF WAVE; RFC 3533.
"""

import struct
from pathlib import Path

_BIT_RATES = {  # kbit/s of layer III, by MPEG version: ISO/IEC 11172-3 table, 13818-3 for MPEG-2
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_FRAMES_LOOKED_AT = 200
# A file that holds less of what it announces counts as truncated.
WHOLE_SHARE = 0.98
_HEAD_BYTES = 400_000


def is_unmarked_vbr(path: Path) -> bool:
    """Return whether `path` is an mp3 of varying bit rate without a header that says so."""
    with path.open("rb") as stream:
        start = _after_id3(stream.read(10))
        stream.seek(start)
        head = stream.read(_HEAD_BYTES)
    place = 0
    rates: set[int] = set()
    for number in range(_FRAMES_LOOKED_AT):
        frame = _mp3_frame(head[place : place + 4])
        if frame is None:
            return len(rates) > 1
        size, bit_rate = frame
        body = head[place : place + size]
        if number == 0 and (b"Xing" in body or b"Info" in body or b"VBRI" in body):
            return False
        rates.add(bit_rate)
        place += size
    return len(rates) > 1


def cut_short(path: Path) -> str:
    """Return why a wav or ogg file must be a truncated one; empty if nothing says so."""
    with path.open("rb") as stream:
        head = stream.read(4)
        if head == b"RIFF":
            return _cut_riff(path)
        if head == b"OggS":
            stream.seek(max(0, path.stat().st_size - 65_536))
            tail = stream.read()
            last = tail.rfind(b"OggS")
            ended = last >= 0 and len(tail) > last + 5 and bool(tail[last + 5] & 4)
            return "" if ended else "the last ogg page is missing"
    return ""


def _cut_riff(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as stream:
        place = 12
        while place + 8 <= size:
            stream.seek(place)
            name, length = struct.unpack("<4sI", stream.read(8))
            if name == b"data":
                unknown = length in (0, 0xFFFFFFFF)  # written to a pipe
                there = size - place - 8
                whole = unknown or there >= WHOLE_SHARE * length
                return "" if whole else f"{there} of {length} bytes are there"
            place += 8 + length + length % 2
    return ""


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

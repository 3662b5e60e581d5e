"""Importing this loads all that a worker process needs and compiles the kernels, once."""

import contextlib
import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Only the server that workers are forked off: Ctrl-C shall end it without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import numpy as np
import pandas as pd  # noqa: F401 - pyarrow imports it for its first array

from zoneclf.audio.sound import mixed
from zoneclf.frames import batch, sound_reader  # noqa: F401
from zoneclf.frames.extractor import RATE_HZ
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor


def _compile_kernels() -> None:
    """Let two seconds of silence pass through every kernel."""
    mono = np.zeros(2 * RATE_HZ, dtype=np.float32)
    mixed(np.zeros(4 * RATE_HZ, dtype=np.float32), mono)
    stream = NativeExtractor(FrameGrid()).open()
    stream.push(mono)
    stream.finish()


# A full disk keeps kernels from being cached: whoever reads a file meets that again and tells.
with contextlib.suppress(OSError, MemoryError):
    _compile_kernels()

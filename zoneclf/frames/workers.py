"""Worker processes: how they start, and what they owe the process that started them.

On Linux they are forked off a server that has imported and compiled all they need, one for all
batches of a process; it ends with the last process that uses it.  Elsewhere, where forking is
missing or unsafe, each starts from nothing and does so itself.
"""

import importlib
import multiprocessing
import multiprocessing.context
import os
import signal
import sys
import threading
from collections.abc import Mapping

_WARMED = "zoneclf.frames.warmed"


def workers_context() -> multiprocessing.context.BaseContext:
    """Return the way in which worker processes start here."""
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload([_WARMED])
    return context


def prepare(environment: Mapping[str, str]) -> None:
    """Make a new worker ready; `environment` is that of its parent, the server's may be older.

    Ctrl-C is left to the parent, which stops the pool; decoders' own chatter is not printed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    importlib.import_module(_WARMED)


def _end_with_parent() -> None:
    """Leave nobody at work on a file whose rows nobody waits for, whatever ended the parent."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)

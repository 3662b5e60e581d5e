"""Work on files in processes of their own: a decoder that crashes or hangs costs its file only."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, TimeoutError, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from zoneclf.errors import AudioError

J = TypeVar("J")
R = TypeVar("R")


@dataclass
class Isolated(Generic[J, R]):
    """Processes that call `work`, a function that can be sent to them, on jobs; used in a ``with``.

    `processes` 0 is one for each core.  `module` is what a process loads before its first job.
    """

    work: Callable[[J], R]
    module: str
    processes: int = 0
    time_limit_s: float = 120.0
    _pool: ProcessPool | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self.processes = self.processes or os.cpu_count() or 1
        context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
        context.set_forkserver_preload([self.module])
        self._pool = ProcessPool(
            self.processes, initializer=_prepare, initargs=[dict(os.environ)], context=context
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._pool is not None
        self._pool.stop() if kind else self._pool.close()
        self._pool.join()

    def run(self, jobs: Iterable[J]) -> Iterator[tuple[J, R | AudioError]]:
        """Yield jobs as they are done with what came of each; a failure is not raised.

        Only few jobs are under way at once, for results may be large.
        """
        assert self._pool is not None
        todo = iter(jobs)
        running: dict[Future[R], J] = {}
        while True:
            for job in islice(todo, 4 * self.processes - len(running)):
                future = self._pool.schedule(self.work, args=(job,), timeout=self.time_limit_s)
                running[future] = job
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), self._outcome(future)

    def _outcome(self, future: Future[R]) -> R | AudioError:
        """Return a job's result, or why there is none."""
        try:
            return future.result()
        except TimeoutError:
            return AudioError("timeout", f"took longer than {self.time_limit_s:g} s")
        except (ProcessExpired, CancelledError) as error:
            code = getattr(error, "exitcode", "?")
            return AudioError("crashed", f"the decoder ended with code {code}")


def _prepare(environment: Mapping[str, str]) -> None:
    """Make a new worker ready: Ctrl-C is left to the parent, decoders' chatter is not printed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.environ.update(environment)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """End this process when the one that began it is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)

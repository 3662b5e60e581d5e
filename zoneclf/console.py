"""How the command line speaks: results on standard output, everything else on standard error.

Errors are one line and an exit code; control characters from file names never reach a terminal.
"""

import atexit
import errno
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec

import typer

from zoneclf.errors import SettingsError, UsageError, ZoneclfError

P = ParamSpec("P")
PARTIAL, INTERRUPTED, TERMINATED, BROKEN_PIPE = 4, 130, 143, 141
INPUT_OUTPUT = 5


def printable(text: str) -> str:
    """Return `text` with control characters and undecodable bytes written as escapes."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape", "replace").decode()
        for c in text.encode("utf-8", "backslashreplace").decode()
    )


class Console:
    """Tells what a run does; rich progress bars only where a person watches."""

    def __init__(self) -> None:
        self.quiet = False
        self.verbose = False
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """Tell one line, unless asked to be quiet."""
        if not self.quiet:
            typer.echo(printable(text), err=True)

    def warn(self, text: str) -> None:
        """Tell one line that matters even when quiet."""
        typer.echo(printable(f"warning: {text}"), err=True)

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None:
        """Show how far a long work is."""
        if self.verbose:
            typer.echo(printable(f"{what} {done}/{total} {detail}".rstrip()), err=True)
            return
        if self.quiet or not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = _progress_bar()
            self._bar.start()
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total, detail=detail)
        self._bar.update(self._tasks[what], completed=done, total=total, detail=detail)
        if done >= total:
            self.close()

    def close(self) -> None:
        """End the progress bars."""
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._tasks = None, {}


console = Console()


def reports_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn an error that zoneclf raises on purpose into one line and its exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except ZoneclfError as error:
            _fail(str(error), error.exit_code, error)
        except KeyboardInterrupt as error:
            _fail("interrupted; run the same command again to go on", INTERRUPTED, error)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from None
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT}:
                raise
            _fail(f"{error.filename or 'output'}: {error.strerror}; check it", INPUT_OUTPUT, error)

        finally:
            console.close()

    return run


def check_option(value: str | None, check: Callable[[str], object]) -> None:
    """Check what an option was given; what its check says of a setting is then wrong usage."""
    try:
        if value is not None:
            check(value)
    except SettingsError as error:
        raise UsageError(f"option: {error}") from error


def prepare_process() -> None:
    """Set what must be set before numbers are crunched, and how the process dies."""
    # Idle worker threads that spin slow short fits; one thread per process is the fastest here.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Arrow's own allocator keeps tens of MB that were needed for a moment.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    _give_numba_a_cache()
    signal.signal(signal.SIGTERM, _on_terminate)
    sys.excepthook = _on_bug


def _give_numba_a_cache() -> None:
    """Where neither the package nor the home folder can be written, compile into a folder of ours.

    numba refuses to work without a place for what it compiles.
    """
    package = Path(__file__).parent / "frames"
    if not (os.access(package, os.W_OK) or os.access(Path.home(), os.W_OK)):
        folder = tempfile.mkdtemp(prefix="zoneclf-numba-")
        os.environ.setdefault("NUMBA_CACHE_DIR", folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def debugging() -> bool:
    """Return whether tracebacks are wanted: ``--debug`` or ``ZONECLF_DEBUG``."""
    return bool(os.environ.get("ZONECLF_DEBUG"))


def _fail(message: str, code: int, error: BaseException) -> None:
    if debugging():
        raise error
    lines = " ".join(message.split("\n"))
    typer.echo(printable(f"error: {lines}"), err=True)
    raise typer.Exit(code) from None


def _on_terminate(number: int, frame: object) -> None:
    del number, frame
    typer.echo("error: terminated; run the same command again to go on", err=True)
    raise SystemExit(TERMINATED)


def _on_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if debugging():
        sys.__excepthook__(kind, error, trace)
        return
    text = f"{kind.__name__}: {error}"
    typer.echo(
        printable(f"bug: {text}; run `zoneclf --debug ...` and report what it prints"), err=True
    )


def _progress_bar() -> Any:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        console=RichConsole(stderr=True),
    )

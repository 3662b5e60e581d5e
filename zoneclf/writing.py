"""Files that are written whole or not at all: temporary name, fsync, rename."""

import os
from pathlib import Path

from zoneclf.errors import OutputError


class replacing:  # noqa: N801  (used like a function)
    """Context: a temporary path beside `path` that takes its place if all goes well.

    Raises
    ------
    OutputError
        If the folder or file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> Path:
        make_folder(self.path.parent)
        return self.partial

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                with self.partial.open("rb+") as written:
                    os.fsync(written.fileno())
                self.partial.replace(self.path)
        except OSError as failure:
            error = failure
        finally:
            self.partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise OutputError(
                f"{self.path}: cannot be written ({reason}); check space and permissions"
            ) from error


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents.

    Raises
    ------
    OutputError
        If that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}); check the path") from error


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text to `path`, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")

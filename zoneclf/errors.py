"""Every error zoneclf raises on purpose, and the exit code each one ends the program with.

* ZoneclfError (3)
  - SettingsError      a YAML file does not say what it must
    - UsageError (2)   an option of the command line has a value that it cannot have
  - AudioError         a file cannot be read, or holds no usable sound
  - TableError         a table breaks its schema
  - LabelError         a label file or an annotation does not say what it must
  - ModelError         a stored model is damaged, unknown, or does not fit the data
  - MissingExtraError  an optional package is not installed
  - OutputError (5)    a file or folder cannot be written
  - LockedError (6)    another zoneclf is writing there

The command line prints the message and exits with the code.  Anything else is a bug and keeps
its traceback.
"""


class ZoneclfError(Exception):
    """Base class: catch this to catch everything zoneclf reports."""

    exit_code = 3


class SettingsError(ZoneclfError):
    """A settings file does not say what it must."""


class UsageError(SettingsError):
    """An option of the command line has a value that it cannot have."""

    exit_code = 2


class AudioError(ZoneclfError):
    """An audio file cannot be read or holds no usable sound.

    `status` is the word that the track's row carries, one of `zoneclf.audio.sound.STATUSES`.
    """

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(status, reason)  # both, so that a worker process can hand it on
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class TableError(ZoneclfError):
    """A table breaks its schema."""


class LabelError(ZoneclfError):
    """A label file or an annotation does not say what it must."""


class ModelError(ZoneclfError):
    """A stored model is damaged, unknown, or does not fit the data."""


class MissingExtraError(ZoneclfError):
    """An optional package is not installed."""

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(extra, package)
        self.extra = extra
        self.package = package

    def __str__(self) -> str:
        return f"{self.package} is not installed; run: pip install 'zoneclf[{self.extra}]'"


class OutputError(ZoneclfError):
    """A file or folder cannot be written."""

    exit_code = 5


class LockedError(ZoneclfError):
    """Another zoneclf is writing there."""

    exit_code = 6

"""Plain values (YAML, JSON) made into frozen dataclasses, or refused with the key they stand at."""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from zoneclf.errors import ZoneclfError

T = TypeVar("T")


class MisfitError(Exception):
    """A value is not what its key must hold; the message begins with the key."""


def build(kind: type[T], raw: Any, where: str = "") -> T:
    """Return a `kind` that holds the values of the mapping `raw`.

    Raises
    ------
    MisfitError
        At a key that `kind` lacks or needs, or a value of another type.
    """
    if not isinstance(raw, Mapping):
        raise MisfitError(f"{where or 'the file'} must hold keys and values, not {_told(raw)}")
    hints = typing.get_type_hints(kind)
    prefix = f"{where}." if where else ""
    for name in raw:
        if name not in hints:
            known = ", ".join(sorted(hints))
            raise MisfitError(f"unknown key {prefix + str(name)!r}; known here: {known}")
    _require_all(kind, raw, prefix)
    return kind(**{name: cast(hints[name], value, prefix + name) for name, value in raw.items()})


def _require_all(kind: Any, raw: Mapping[str, Any], prefix: str) -> None:
    none = dataclasses.MISSING
    for one in dataclasses.fields(kind):
        needed = one.default is none and one.default_factory is none
        if needed and one.name not in raw:
            raise MisfitError(f"the key {prefix + one.name!r} is missing; add it")


def cast(hint: Any, value: Any, where: str) -> Any:
    """Return `value` as the type `hint` says; a whole number may stand for a float.

    Raises
    ------
    MisfitError
        If it is of another type, or no finite number.
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type[Any], hint), value, where)
    if origin in {types.UnionType, typing.Union}:
        return None if value is None else cast(args[0], value, where)
    if origin is Literal:
        if value not in args:
            raise MisfitError(f"{where} is {_told(value)}; it must be one of {', '.join(args)}")
        return value
    if origin is dict and isinstance(value, Mapping):
        return {key: cast(args[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is list and isinstance(value, list):
        return [cast(args[0], item, where) for item in value]
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(cast(args[0], item, where) for item in value)
    return _scalar(hint, value, where)


def _scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is float and number:
        if not math.isfinite(value):
            raise MisfitError(f"{where} is {value}; it must be a finite number")
        return float(value)
    if type(value) is not hint:
        name = getattr(typing.get_origin(hint) or hint, "__name__", str(hint))
        raise MisfitError(f"{where} must be {name}, not {_told(value)}")
    return value


def read_json(path: Path, max_bytes: int, error: type[ZoneclfError]) -> Any:
    """Return what a JSON file holds; no NaN, no endless depth, at most `max_bytes`.

    Raises
    ------
    ZoneclfError
        Of the kind `error`, with the file's name.
    """
    try:
        if path.stat().st_size > max_bytes:
            raise error(f"{path}: larger than {max_bytes} bytes, as no such file is; restore it")
        text = path.read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_refuse_constant)
    except OSError as failure:
        raise error(f"{path}: cannot be read ({failure.strerror}); check the path") from failure
    except (ValueError, RecursionError) as failure:
        raise error(f"{path}: is not JSON ({failure}); restore it or make it anew") from failure


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _told(value: Any) -> str:
    return f"{type(value).__name__} {str(value)[:60]!r}"

"""Where settings come from: option, environment, file, default; `resolve` remembers which.

A value comes from the first of: command option, environment (``ZONECLF_TRAIN_SEED``), the file
given with ``--config``, ``./config/default.yaml``, the built-in default.  Unknown keys and wrong
types are refused with the name of the layer they stand in.
"""

import dataclasses
import math
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from zoneclf.errors import SettingsError, UsageError
from zoneclf.settings import Settings
from zoneclf.yaml_file import read_yaml

DEFAULT_FILE = Path("config/default.yaml")
# Read elsewhere: real data for tests, and the switch for tracebacks.
OTHER_VARIABLES = {"ZONECLF_REAL_DATA", "ZONECLF_DEBUG", "ZONECLF_VENV"}
T = TypeVar("T")


def resolve(
    config: Path | None = None, options: Mapping[str, Any] | None = None
) -> tuple[Settings, dict[str, str]]:
    """Return the settings in force and, for each dotted key, where its value came from.

    Parameters
    ----------
    config
        The file given with ``--config``; None if there was none.
    options
        Dotted keys and values from the command line, such as ``{"train.seed": 1}``; a value of
        None means that the option was not given.

    Raises
    ------
    SettingsError
        If a file or variable has an unknown key or a value of the wrong type; a UsageError if it
        is an option that has.
    """
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, layer in _layers(config, options or {}):
        try:
            _build(Settings, _nested(layer, _flat(Settings())), where="")
        except SettingsError as error:
            kind = UsageError if name == "option" else SettingsError
            raise kind(f"{name}: {error}") from None
        merged |= layer
        origin |= dict.fromkeys(layer, name)
    settings = _build(Settings, _nested(merged, _flat(Settings())), where="")
    return settings, {key: origin.get(key, "built-in") for key in _flat(settings)}


def override(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return `settings` with some dotted keys replaced.

    Raises
    ------
    SettingsError
        If a key is unknown or a value of the wrong type.
    """
    return _build(Settings, _nested(values, _flat(settings)), where="")


def show(settings: Settings) -> dict[str, Any]:
    """Return the settings as dotted keys with plain values, fit for JSON or YAML."""
    return {key: _plain(value) for key, value in _flat(settings).items()}


def _layers(config: Path | None, options: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the layers from weakest to strongest, each as dotted keys and values."""
    layers = []
    found = [DEFAULT_FILE] if DEFAULT_FILE.is_file() else []
    for path in [*found, config] if config else found:
        raw = read_yaml(path)
        if not isinstance(raw, dict | None):
            raise SettingsError(f"{path}: must hold keys and values, not {type(raw).__name__}")
        layers.append((str(path), _flat_raw(raw or {})))
    layers.append(("environment", _from_environment()))
    layers.append(("option", {key: value for key, value in options.items() if value is not None}))
    return layers


def _from_environment() -> dict[str, Any]:
    defaults = _flat(Settings())
    keys = {"ZONECLF_" + key.upper().replace(".", "_"): key for key in defaults}
    found: dict[str, Any] = {}
    for variable, text in os.environ.items():
        if variable.startswith("ZONECLF_") and variable not in OTHER_VARIABLES:
            if variable not in keys:
                raise SettingsError(f"environment: {variable} is not a setting; unset it")
            found[keys[variable]] = _parse_scalar(text, defaults[keys[variable]])
    return found


def _parse_scalar(text: str, default: Any) -> Any:
    """Return a variable's value; where text or a path is wanted, ``1`` is text."""
    if default is None or isinstance(default, str | Path):
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return dotted keys of a settings object; `columns` maps stay whole."""
    if dataclasses.is_dataclass(value):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    elif prefix == "sources":
        parts = value
    else:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for name, part in parts.items():
        flat |= _flat(part, f"{prefix}.{name}" if prefix else name)
    return flat


def _flat_raw(raw: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return dotted keys of what a file holds; an empty mapping changes nothing."""
    flat: dict[str, Any] = {}
    for name, value in raw.items():
        key = f"{prefix}.{name}" if prefix else name
        whole = not isinstance(value, dict) or name == "columns"
        flat |= {key: value} if whole else _flat_raw(value, key)
    return flat


def _nested(flat: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in {**base, **flat}.items():
        *parents, leaf = key.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise SettingsError(f"{key} is below a key that has a value of its own")
        place[leaf] = value
    return nested


def _build(kind: type[T], raw: Any, *, where: str) -> T:
    if not isinstance(raw, dict):
        raise SettingsError(f"{where or 'settings'} must hold keys and values, not {raw!r}")
    hints = typing.get_type_hints(kind)
    for name in raw:
        if name not in hints:
            place = f"{where}.{name}" if where else name
            raise SettingsError(f"unknown key {place!r}; known here: {', '.join(sorted(hints))}")
    prefix = f"{where}." if where else ""
    return kind(**{name: _cast(hints[name], raw[name], where=prefix + name) for name in raw})


def _cast(hint: Any, value: Any, *, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, where=where)
    if origin in {types.UnionType, typing.Union}:
        # Nothing at all, or a word in place of a number.
        other = args[1]
        if value is None and other is type(None):
            return None
        words = typing.get_args(other)
        return value if value in words else _cast(args[0], value, where=where)
    if origin is Literal:
        if value not in args:
            raise SettingsError(f"{where} is {value!r}; it must be one of {', '.join(args)}")
        return value
    if origin is dict and isinstance(value, dict):
        return {key: _cast(args[1], item, where=f"{where}.{key}") for key, item in value.items()}
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_cast(args[0], item, where=where) for item in value)
    return _cast_scalar(hint, value, where=where)


def _cast_scalar(hint: Any, value: Any, *, where: str) -> Any:
    if hint is Path and isinstance(value, str | Path):
        return Path(value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise SettingsError(f"{where} is {value}; it must be a finite number")
        return float(value)
    if not isinstance(hint, type) or type(value) is not hint:
        name = getattr(hint, "__name__", str(hint))
        raise SettingsError(f"{where} must be {name}, not {type(value).__name__} {value!r}")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value

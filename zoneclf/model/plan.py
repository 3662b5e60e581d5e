"""A predictor as JSON and back: its plan names the members, which are files of their own.

A member's name is the way to it through the tree's fields: ``own-trees``; a lone one is ``model``.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from zoneclf.labels.regions import ZoneRegions, regions_from
from zoneclf.model.members import Kernels, Member, Network, Trees
from zoneclf.model.predictors import KINDS, Predictor

_MEMBER = "member"
_LONE = "model"


def members_of(predictor: Predictor) -> dict[str, Member]:
    """Return every member by name."""
    return {_name(path): value for path, value in _walk(predictor, ()) if _is_member(value)}


def parts_of(predictor: Predictor) -> Iterator[Predictor]:
    """Yield the predictor and all that it is made of."""
    for _, value in _walk(predictor, ()):
        if getattr(type(value), "kind", "") in KINDS:
            yield value


def plan_of(predictor: Predictor) -> dict[str, Any]:
    """Return the predictor without its members, as JSON has it."""
    plan: dict[str, Any] = _plan(predictor, ())
    return plan


def predictor_from(plan: Any, members: Mapping[str, Member]) -> Predictor:
    """Return the predictor of a plan.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the plan is not one, or names a member that is not there.
    """
    built = _build(plan, members)
    if getattr(type(built), "kind", "") not in KINDS:
        raise ValueError("the plan is no predictor")
    predictor: Predictor = built
    return predictor


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if _is_member(value) or isinstance(value, ZoneRegions):
        return
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _walk(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, (*path, name))


def _plan(value: Any, path: tuple[str, ...]) -> Any:
    if _is_member(value):
        return {_MEMBER: _name(path)}
    if isinstance(value, ZoneRegions):
        return {"kind": "regions", **dataclasses.asdict(value)}
    if dataclasses.is_dataclass(value):
        named = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        kind: str = vars(type(value))["kind"]
        return {"kind": kind, **{key: _plan(item, (*path, key)) for key, item in named.items()}}
    if isinstance(value, Mapping):
        return {key: _plan(item, (*path, key)) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _build(raw: Any, members: Mapping[str, Member]) -> Any:
    if isinstance(raw, list):
        return tuple(_build(item, members) for item in raw)
    if not isinstance(raw, dict):
        if isinstance(raw, float) and not math.isfinite(raw):
            raise ValueError("the plan holds what is no number")
        return raw
    if set(raw) == {_MEMBER}:
        return members[raw[_MEMBER]]
    if raw.get("kind") == "regions":
        return regions_from(raw)
    parts = {key: _build(item, members) for key, item in raw.items() if key != "kind"}
    return KINDS[raw["kind"]](**parts) if "kind" in raw else parts


def _is_member(value: Any) -> bool:
    return isinstance(value, Trees | Network | Kernels)


def _name(path: tuple[str, ...]) -> str:
    shown = [step for step in path if step not in {_LONE, "part", "parts"}]
    return "-".join(shown) or _LONE

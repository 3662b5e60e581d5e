"""Zones and the rule that makes them from arousal and valence, both on the scale 1 to 9.

Rules come from ``zone_mapping.yaml``.  They are tried in order and the first that holds wins; what
is left gets the zone ``otherwise`` names.  Bounds say themselves whether they are included.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from zoneclf.errors import SettingsError
from zoneclf.yaml_file import read_yaml

T = TypeVar("T", list[Any], dict[str, Any])

Values = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
SCALE = (1.0, 9.0)
MARKERS = frozenset("os^DvPX*")
_BOUND = re.compile(r"^(<=|<|>=|>)\s*(-?\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class Bound:
    """One side of a range: `operator` is ``<``, ``<=``, ``>`` or ``>=``."""

    operator: str
    value: float

    def holds(self, values: Values) -> npt.NDArray[np.bool_]:
        """Return where the bound holds, shape like `values`."""
        compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
        return np.asarray(compare[self.operator](values, self.value))


@dataclass(frozen=True)
class ZoneRule:
    """A zone and the bounds that arousal and valence must keep."""

    zone: str
    arousal: tuple[Bound, ...] = ()
    valence: tuple[Bound, ...] = ()

    def holds(self, arousal: Values, valence: Values) -> npt.NDArray[np.bool_]:
        """Return where every bound holds, shape like the inputs."""
        inside = np.ones(arousal.shape, dtype=bool)
        for bound in self.arousal:
            inside &= bound.holds(arousal)
        for bound in self.valence:
            inside &= bound.holds(valence)
        return inside


@dataclass(frozen=True)
class Zone:
    """A zone's name and how pictures show it: colour and marker, so that grey prints work."""

    name: str
    meaning: str
    colour: str
    marker: str


@dataclass(frozen=True)
class ZoneMap:
    """Zones in order and the rules; a zone's code is its place in `zones`."""

    zones: tuple[Zone, ...]
    rules: tuple[ZoneRule, ...]
    otherwise: str | None

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names) or len(self.names) < 2:
            raise SettingsError("zones: at least two zones, each named once, are needed")
        for zone in (*(rule.zone for rule in self.rules), self.otherwise):
            if zone is not None and zone not in self.names:
                raise SettingsError(f"zone {zone!r} is not one of {', '.join(self.names)}")
        self._require_complete()

    @property
    def names(self) -> tuple[str, ...]:
        """The zones' names in order."""
        return tuple(zone.name for zone in self.zones)

    @property
    def digest(self) -> str:
        """Hash of names and rules, 12 hexadecimal digits; colours do not count."""
        text = json.dumps([self.names, [asdict(rule) for rule in self.rules], self.otherwise])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def codes(self, arousal: Values, valence: Values) -> Codes:
        """Return the zone code of each point, shape like both inputs.

        Raises
        ------
        ValueError
            If the shapes differ or a value is not finite.
        """
        if arousal.shape != valence.shape:
            raise ValueError(f"arousal has shape {arousal.shape}, valence {valence.shape}")
        if not (np.isfinite(arousal).all() and np.isfinite(valence).all()):
            raise ValueError("arousal and valence must be finite")
        return self._codes(arousal, valence)

    def thresholds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return where rules change on the scale along arousal and along valence, and its ends."""
        low, high = SCALE
        found = [
            {
                bound.value
                for rule in self.rules
                for bound in getattr(rule, axis)
                if low < bound.value < high
            }
            for axis in ("arousal", "valence")
        ]
        arousal, valence = (tuple(sorted({*SCALE, *values})) for values in found)
        return arousal, valence

    def _codes(self, arousal: Values, valence: Values) -> Codes:
        start = -1 if self.otherwise is None else self.names.index(self.otherwise)
        codes = np.full(arousal.shape, start, dtype=np.int64)
        for rule in reversed(self.rules):
            codes[rule.holds(arousal, valence)] = self.names.index(rule.zone)
        return codes

    def _require_complete(self) -> None:
        """Check every threshold and every cell between thresholds: nothing else can differ."""
        axes = [_with_middles(values) for values in self.thresholds()]
        arousal, valence = (grid.ravel() for grid in np.meshgrid(*axes, indexing="ij"))
        codes = self._codes(arousal, valence)
        if (codes < 0).any():
            gap = int(np.argmax(codes < 0))
            raise SettingsError(
                f"no rule holds at arousal {arousal[gap]:g}, valence {valence[gap]:g}; add a rule "
                "or `otherwise`"
            )
        for code, name in enumerate(self.names):
            if not (codes == code).any():
                raise SettingsError(f"zone {name} is never reached; reorder or delete its rules")


def load_zones(path: Path, preset: str = "") -> ZoneMap:
    """Read a zone file; an empty `preset` means the one that the file names.

    Raises
    ------
    SettingsError
        If the file does not say what it must; with file and place.
    """
    raw = read_yaml(path)
    try:
        _require_keys(raw, {"preset", "zones", "presets"}, "the file")
        name = preset or str(raw.get("preset", ""))
        presets = _of_kind(raw, "presets", dict)
        if name not in presets:
            raise SettingsError(f"preset {name!r} is not there; known: {', '.join(presets)}")
        chosen = presets[name]
        _require_keys(chosen, {"rules", "otherwise"}, f"presets.{name}")
        zones = tuple(
            _zone(zone, number) for number, zone in enumerate(_of_kind(raw, "zones", list))
        )
        rules = tuple(_rule(rule, f"presets.{name}") for rule in _of_kind(chosen, "rules", list))
        otherwise = chosen.get("otherwise")
        return ZoneMap(zones, rules, None if otherwise is None else str(otherwise))
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def _zone(raw: Any, number: int) -> Zone:
    where = f"zones, entry {number + 1}"
    _require_keys(raw, {"name", "meaning", "colour", "marker"}, where)
    name, colour, marker = raw.get("name"), raw.get("colour"), raw.get("marker")
    if not isinstance(name, str) or not name.strip():
        raise SettingsError(f"{where}: needs a name")
    if not isinstance(colour, str) or not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
        raise SettingsError(f'{where}: colour must look like "#2E8B57", not {colour!r}')
    if not isinstance(marker, str) or marker not in MARKERS:
        raise SettingsError(f"{where}: marker must be one of {' '.join(sorted(MARKERS))}")
    return Zone(name, str(raw.get("meaning", "")), colour, marker)


def _rule(raw: Any, where: str) -> ZoneRule:
    _require_keys(raw, {"zone", "arousal", "valence"}, f"{where}: rule")
    return ZoneRule(
        str(raw.get("zone", "")), _bounds(raw.get("arousal")), _bounds(raw.get("valence"))
    )


def _bounds(text: Any) -> tuple[Bound, ...]:
    if text is None:
        return ()
    bounds = []
    for part in str(text).split(","):
        match = _BOUND.match(part.strip())
        if match is None:
            raise SettingsError(f'{text!r} is not a bound; write "< 4.0" or ">= 3.5, < 6"')
        bounds.append(Bound(match[1], float(match[2])))
    return tuple(bounds)


def _of_kind(raw: dict[str, Any], key: str, kind: type[T]) -> T:
    value = raw.get(key)
    if value is not None and not isinstance(value, kind):
        word = "a list" if kind is list else "keys and values"
        raise SettingsError(f"{key} must hold {word}, not {value!r}")
    return value or kind()


def _require_keys(raw: Any, known: set[str], where: str) -> None:
    if not isinstance(raw, dict):
        raise SettingsError(f"{where} must hold keys and values, not {raw!r}")
    unknown = sorted(set(raw) - known)
    if unknown:
        raise SettingsError(
            f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}"
        )


def _with_middles(values: tuple[float, ...]) -> Values:
    points = np.array(values)
    return np.sort(np.concatenate([points, (points[1:] + points[:-1]) / 2]))

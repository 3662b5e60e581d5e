"""The rule: arousal and valence to zones, complete or refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.errors import SettingsError
from zoneclf.labels.zones import SCALE, Bound, Zone, ZoneMap, ZoneRule, load_zones
from zoneclf.pipeline.starting import shipped_config

SHIPPED = shipped_config() / "zone_mapping.yaml"
PRESETS = ("conservative", "balanced", "aggressive")
BY_PRESET = {preset: load_zones(SHIPPED, preset) for preset in PRESETS}
NAMES = ("YELLOW", "GREEN", "PURPLE")
FILE = """preset: own
zones:
{zones}
presets:
  own:
    rules:
{rules}
    otherwise: {otherwise}
"""
on_scale = st.floats(*SCALE)


def zone_lines(*names: str) -> str:
    return "\n".join(f'  - {{name: {name}, colour: "#123456", marker: "o"}}' for name in names)


def write(
    tmp_path: Path, *rules: str, names: tuple[str, ...] = ("LOW", "HIGH"), otherwise: str = "null"
) -> Path:
    path = tmp_path / "zones.yaml"
    lines = "\n".join(f"      - {{{rule}}}" for rule in rules)
    text = FILE.format(zones=zone_lines(*names), rules=lines, otherwise=otherwise)
    path.write_text(text, encoding="utf-8")
    return path


def zone_at(zones: ZoneMap, arousal: float, valence: float) -> str:
    return zones.names[int(zones.codes(np.array([arousal]), np.array([valence]))[0])]


@pytest.mark.parametrize(
    ("arousal", "valence", "zone"),
    [
        (1.0, 1.0, "YELLOW"),
        (3.9999, 9.0, "YELLOW"),
        (4.0, 5.0, "GREEN"),
        (6.0, 9.0, "GREEN"),
        (6.0001, 4.5, "GREEN"),
        (6.0001, 4.5001, "PURPLE"),
        (9.0, 4.5, "GREEN"),
        (9.0, 9.0, "PURPLE"),
        (9.0, 1.0, "GREEN"),
    ],
)
def test_the_rule_users_know(arousal: float, valence: float, zone: str) -> None:
    zones = load_zones(SHIPPED)
    assert zones.names == NAMES
    assert zone_at(zones, arousal, valence) == zone


@pytest.mark.parametrize(
    ("preset", "low", "high"),
    [("conservative", 3.5, 6.5), ("balanced", 4.0, 6.0), ("aggressive", 4.5, 5.5)],
)
def test_presets_move_the_borders(preset: str, low: float, high: float) -> None:
    zones = load_zones(SHIPPED, preset)
    assert zone_at(zones, low - 0.01, 5) == "YELLOW"
    assert zone_at(zones, low, 5) == "GREEN"
    assert zone_at(zones, high, 5) == "GREEN"
    assert zone_at(zones, high + 0.01, 5) == "PURPLE"


@pytest.mark.parametrize("preset", PRESETS)
@given(arousal=on_scale, valence=on_scale)
def test_every_point_has_exactly_one_zone(preset: str, arousal: float, valence: float) -> None:
    zones = BY_PRESET[preset]
    held = [
        rule.zone for rule in zones.rules if rule.holds(np.array([arousal]), np.array([valence]))
    ]
    assert len(held) <= 1
    assert zone_at(zones, arousal, valence) == (held[0] if held else zones.otherwise)


@given(st.lists(st.floats(1.5, 8.5), min_size=1, max_size=6, unique=True), on_scale)
def test_any_number_of_zones_in_order(borders: list[float], arousal: float) -> None:
    names = [f"zone {number}" for number in range(len(borders) + 1)]
    rules = tuple(
        ZoneRule(name, arousal=(Bound("<", border),))
        for name, border in zip(names, sorted(borders), strict=False)
    )
    zones = ZoneMap(tuple(Zone(name, "", "#000000", "o") for name in names), rules, names[-1])
    expected = sum(border <= arousal for border in borders)
    assert zones.codes(np.array([arousal]), np.array([5.0])).tolist() == [expected]


def test_the_first_rule_that_holds_wins(tmp_path: Path) -> None:
    path = write(tmp_path, 'zone: LOW, arousal: "< 7"', 'zone: HIGH, arousal: "> 2"')
    zones = load_zones(path)
    assert zone_at(zones, 5, 5) == "LOW"
    assert zone_at(zones, 7, 5) == "HIGH"


def test_a_range_of_two_bounds(tmp_path: Path) -> None:
    path = write(tmp_path, 'zone: LOW, valence: ">= 3.5, < 6"', otherwise="HIGH")
    zones = load_zones(path)
    assert [zone_at(zones, 5, valence) for valence in (3.49, 3.5, 5.99, 6.0)] == [
        "HIGH",
        "LOW",
        "LOW",
        "HIGH",
    ]


@pytest.mark.parametrize(
    ("rules", "point"),
    [
        (('zone: LOW, arousal: "< 4"', 'zone: HIGH, arousal: "> 4"'), "arousal 4, valence 1"),
        (('zone: LOW, arousal: "<= 4"', 'zone: HIGH, arousal: "> 5"'), r"arousal 4\.5, valence 1"),
        (
            ('zone: LOW, valence: "> 1"', 'zone: HIGH, arousal: "> 5", valence: "< 8"'),
            "arousal 1, valence 1",
        ),
    ],
)
def test_a_gap_is_refused_with_the_point(
    tmp_path: Path, rules: tuple[str, ...], point: str
) -> None:
    with pytest.raises(SettingsError, match=f"no rule holds at {point}"):
        load_zones(write(tmp_path, *rules))


@pytest.mark.parametrize(
    "rules",
    [
        ('zone: LOW, arousal: "< 7"', 'zone: HIGH, arousal: "< 3"', "zone: LOW"),
        ('zone: LOW, arousal: "<= 9"', "zone: HIGH"),
        # Reached only by points off the scale.
        ('zone: HIGH, arousal: "< 0.8"', 'zone: LOW, arousal: "> 0.2"'),
    ],
)
def test_a_zone_that_is_never_reached_is_refused(tmp_path: Path, rules: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="zone HIGH is never reached; reorder or delete"):
        load_zones(write(tmp_path, *rules, otherwise="LOW"))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("preset: balanced", "preset: loud", "preset 'loud' is not there; known: conservative"),
        ("otherwise: GREEN", "otherwise: BLUE", "zone 'BLUE' is not one of YELLOW, GREEN"),
        ("otherwise: GREEN", "otherwise: ''", "zone '' is not one of"),
        ("otherwise: GREEN", "other: GREEN", r"presets\.balanced: unknown key 'other'"),
        ("zone: PURPLE", "zone: PINK", "zone 'PINK' is not one of"),
        ("zone: PURPLE", "area: PURPLE", "rule: unknown key 'area'"),
        ('arousal: "< 4.0"', 'arousal: "under 4"', "'under 4' is not a bound; write"),
        ('arousal: "< 4.0"', "arousal: 4", "4 is not a bound; write"),
        ('"#2E8B57"', "green", "zones, entry 2: colour must look like"),
        ('marker: "s"', "marker: os", "zones, entry 2: marker must be one of"),
        ("name: GREEN", "name: YELLOW", "each named once"),
        ("name: GREEN", "name: ''", "zones, entry 2: needs a name"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    path = tmp_path / "zones.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=complaint) as caught:
        load_zones(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "zones: 3\npresets: {own: {otherwise: A}}\npreset: own",
        "zones: []\npresets: [own]\npreset: own",
        "zones: []\npresets: {own: {rules: 3}}\npreset: own",
        "zones: [{name: A}]\npresets: {own: {otherwise: A}}\npreset: own",
        "zones: [A, B]\npresets: {own: {otherwise: []}}\npreset: own",
        "preset: [own]\npresets: {own: 3}",
    ],
)
def test_other_yaml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "zones.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"must hold|not there|colour must"):
        load_zones(path)


def test_the_digest_follows_rules_not_colours(tmp_path: Path) -> None:
    digests = {load_zones(SHIPPED, preset).digest for preset in PRESETS}
    assert len(digests) == len(PRESETS)
    repainted = tmp_path / "zones.yaml"
    text = SHIPPED.read_text(encoding="utf-8").replace("#2E8B57", "#000000")
    repainted.write_text(text, encoding="utf-8")
    assert load_zones(repainted).digest == load_zones(SHIPPED).digest


def test_points_that_do_not_pair_up_or_are_no_numbers_are_refused() -> None:
    zones = load_zones(SHIPPED)
    with pytest.raises(ValueError, match="arousal has shape"):
        zones.codes(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        zones.codes(np.array([np.nan]), np.array([5.0]))

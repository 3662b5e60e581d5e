"""The versions of what a model was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version

from zoneclf import __version__

_PACKAGES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "soundfile", "soxr")


def versions_used() -> dict[str, str]:
    """Return the versions of zoneclf, Python and the packages that numbers come from."""
    found = {"zoneclf": __version__, "python": platform.python_version()}
    for package in (*_PACKAGES, "xgboost-cpu", "xgboost"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

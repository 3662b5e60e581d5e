"""Loops over samples and spectra as machine code: compiled once, cached on disk beside the module.

A cached loop is compiled anew only when its own module changes, so what another module computes is
passed as an argument; only sizes that define a spectrum, such as bins and hop, are read as globals.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a loop; sums may be reordered, so that they run on vectors, nothing else."""
    options = {"cache": True, "nogil": True, "error_model": "numpy"}
    return cast(Function, numba.njit(**options, fastmath={"reassoc", "contract"})(function))

"""Errors as they cross process borders and reach the user."""

import pickle

from zoneclf.errors import (
    AudioError,
    LockedError,
    MissingExtraError,
    OutputError,
    UsageError,
    ZoneclfError,
)


def test_errors_survive_the_way_from_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(AudioError("refused", "too long")))
    assert (error.status, error.reason, str(error)) == ("refused", "too long", "too long")
    missing = pickle.loads(pickle.dumps(MissingExtraError("opensmile", "opensmile")))
    assert "pip install 'zoneclf[opensmile]'" in str(missing)


def test_exit_codes_tell_usage_data_output_and_lock_apart() -> None:
    codes = [kind.exit_code for kind in (UsageError, ZoneclfError, OutputError, LockedError)]
    assert codes == [2, 3, 5, 6]

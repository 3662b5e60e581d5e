"""Neural models of genre.  Needs the extra `deep`; no other stage imports it.

    sound -> spectrograms, embeddings -> labelled set -> network -> report

The command line loads it when `zoneclf deep` is called, never before.
"""

from zoneclf.errors import MissingExtraError

try:
    import torch as torch
except ImportError as error:
    raise MissingExtraError("deep", "torch") from error

"""Neural models of genre, mood, arousal and valence; they need the extra `deep`.

No other stage imports them.

    sound -> spectrograms, embeddings -> labelled set -> network -> report

The command line loads it when `zoneclf deep` is called, never before.  What the extra brings is
looked for here, without loading it: where some of it is missing, no module begins its work.
"""

from importlib.util import find_spec

from zoneclf.errors import MissingExtraError

# Modules of the extra, by what pip calls their packages.
_PACKAGES = {
    "torch": "torch",
    "transformers": "transformers",
    "safetensors": "safetensors",
    "iterstrat": "iterative-stratification",
    "tokenizers": "tokenizers",
    "huggingface_hub": "huggingface-hub",
}

for _module, _package in _PACKAGES.items():
    if find_spec(_module) is None:
        raise MissingExtraError("deep", _package)

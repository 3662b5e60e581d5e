"""Encoders that heard much sound: what they say of a track, as features of the track.

    checkpoint (snapshots) -> configuration, weights -> encoder
    sound -> chunks -> encoder -> pooled over time -> table of embeddings

MERT v1 (Li et al., "MERT: Acoustic Music Understanding Model with Large-Scale Self-supervised
Training", arXiv 2306.00107) is published as code that a user would have to trust.  Here its
weights are loaded into HuBERT of transformers, which computes the same;
`zoneclf.deep.encoders.config` says what was compared.  The published weights are licensed
CC BY-NC 4.0 (model cards of m-a-p/MERT-v1-95M and -330M; early revisions said MIT), so everything
made from them is ``non-commercial``.

wav2vec 2.0 is read by the same rules into transformers' own class; those of facebook/wav2vec2-base
and -960h are licensed Apache 2.0 (their model cards).  Of other weights the licence is not known
here, and what is made from them is taken to be ``non-commercial``, too.
"""

LICENCE = "non-commercial"
# Goes up when the same checkpoint, asked for the same, would give other numbers.
VERSION = 1
# The smaller of the two that are published.
DEFAULT_MODEL = "m-a-p/MERT-v1-95M"

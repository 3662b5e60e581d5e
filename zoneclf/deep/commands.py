"""The commands of `zoneclf deep`: where each of them is."""

from zoneclf.deep.lazy import lazy_group

genre_app = lazy_group(
    "Multi-label genre.",
    {
        "prepare": "genre.prepare_commands:prepare_command",
        "synthesise": "genre.prepare_commands:synthesise_command",
        "train": "genre.train_commands:train",
        "tune-thresholds": "genre.judging_commands:tune_thresholds",
        "evaluate": "genre.judging_commands:evaluate",
        "predict": "genre.predict_commands:predict",
        "compare": "genre.compare_commands:compare",
    },
)
mood_app = lazy_group(
    "One mood per track.",
    {
        "cluster": "mood.cluster_commands:cluster",
        "prepare": "mood.prepare_commands:prepare_command",
        "train": "mood.train_commands:train",
        "evaluate": "mood.judging_commands:evaluate",
        "predict": "mood.predict_commands:predict",
    },
)
affect_app = lazy_group(
    "Arousal and valence.",
    {
        "prepare": "affect.prepare_commands:prepare_command",
        "synthesise": "affect.prepare_commands:synthesise_command",
        "train": "affect.train_commands:train",
        "evaluate": "affect.judging_commands:evaluate",
        "compare": "affect.compare_commands:compare",
        "predict": "affect.predict_commands:predict",
    },
)
spectrograms_app = lazy_group("Ready-made spectrograms.", {"match": "matching.commands:match"})
app = lazy_group(
    "Neural models: embeddings, multi-label genre, mood, arousal and valence.",
    {
        "embed": "encoders.commands:embed",
        "predict": "predict_commands:predict_newest",
    },
    genre=genre_app,
    mood=mood_app,
    affect=affect_app,
    spectrograms=spectrograms_app,
)

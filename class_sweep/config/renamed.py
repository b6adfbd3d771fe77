"""The old names of settings and values, for the errors that say what to write instead."""

RENAMED_SETTINGS = {
    "curriculum.full_at": "full_data_after",
    "curriculum.intensity_acts_on": "intensity_target",
    "curriculum.sigma_quantile": "sigma: {quantile: …}",
    "curriculum.ties": "tie_break",
    "confirm.most_seeds": "max_seeds",
    "data.more_molecules": "extra_molecules",
    "pruning.keep": "min_kept",
    "search.first": "baselines",
}
"""Dotted path of a setting's old name to its new name in the same section."""

RENAMED_VALUES = {("pruning.grace_epochs", "a_ninth"): "auto"}
"""Dotted path of a setting and an old value to the new value."""

COMMAND_LINE_SETTINGS = {"molecule_encoder.allow_pickle": "--allow-pickle"}
"""Dotted path of a setting that a file cannot give any more, to the option of the command line."""

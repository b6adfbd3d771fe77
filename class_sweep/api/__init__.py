"""The public functions and classes over whole sweeps; `class_sweep` offers them by name."""

"""Which pairs an epoch sees, in which order, and how strongly it counts."""

from class_sweep.curriculum.standalone import CurriculumRun

__all__ = ["CurriculumRun"]

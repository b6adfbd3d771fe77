"""The curriculum: the pool of each epoch, the order of the pairs, and the intensity."""

from class_sweep.curriculum.standalone import CurriculumRun

__all__ = ["CurriculumRun"]

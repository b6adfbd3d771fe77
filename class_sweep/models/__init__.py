"""The commands `train`, `evaluate` and `retrieve` as Python functions and classes."""

from class_sweep.models.model import Model
from class_sweep.models.model_training import train_models
from class_sweep.models.query import Hit
from class_sweep.models.split_evaluation import Evaluation

__all__ = ["Evaluation", "Hit", "Model", "train_models"]

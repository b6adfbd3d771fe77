"""What every check shares: the error of a broken rule, and the settings of a part."""

from typing import Any

import torch
from pydantic import BaseModel, ValidationError

from class_sweep.config.registry import Registry


class ContractError(AssertionError):
    """A part breaks a rule of its kind; the message states the rule and what was found."""


def require(held: object, rule: str) -> None:
    """Raise an error unless a rule is held.

    Raises:
        ContractError: With the rule and what was found.
    """
    if not held:
        raise ContractError(rule)


def require_close(found: torch.Tensor, expected: torch.Tensor, rule: str) -> None:
    """Require two tensors of equal shape that differ by rounding errors alone."""
    same_shape = found.shape == expected.shape
    difference = (found - expected).abs().max().item() if same_shape and found.numel() else 0.0
    close = same_shape and torch.allclose(found, expected, rtol=1e-4, atol=1e-4)
    require(close, f"{rule}, got a difference of {difference:.3g}")


def settings_of(registry: Registry[Any], name: str, changes: dict[str, Any]) -> Any:
    """The settings of a registered part: its defaults, with changes.

    Raises:
        ContractError: If a required setting is missing or a value is outside its bounds.
    """
    section: type[BaseModel] | None = registry.settings_class(name)
    if section is None:
        return None
    named = {registry.key: name} if registry.key in section.model_fields else {}
    try:
        return section(**named | changes)
    except ValidationError as error:
        raise ContractError(f"{registry.kind} {name} must accept these settings: {error}") from None

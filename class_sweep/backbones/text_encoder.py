"""The text's side up to its tokens: frozen features as they are, or a transformer to train."""

from typing import Any, Self

import torch
from torch import nn

from class_sweep.backbones.inputs import InputSpec, Texts, TokenIds, Tokens
from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.encoders.pooling import layer_at, pool
from class_sweep.errors import EncoderError


def build_text_encoder(inputs: InputSpec, token_depths: tuple[float, float] | None) -> nn.Module:
    """The module that gives `Texts`: the transformer that is trained, or nothing at all."""
    if inputs.transformer is None:
        return nn.Identity()
    return Transformer(inputs.transformer, token_depths)


class Transformer(nn.Module):
    """A pretrained transformer inside the trial, all of it or its last layers trained.

    Layers that are not trained run as in evaluation, without dropout, and keep no activations.
    """

    def __init__(
        self, settings: HuggingFaceEncoder, token_depths: tuple[float, float] | None
    ) -> None:
        """Load the model from this machine or the hub.

        Raises:
            EncoderError: If it cannot be had, or has fewer layers than are to be trained.
        """
        super().__init__()
        # Only here: a trial over frozen features never imports transformers.
        from class_sweep.encoders.hub import find_model  # noqa: PLC0415
        from class_sweep.encoders.pretrained import load_model  # noqa: PLC0415

        folder = find_model(settings.model).folder
        self.model: Any = load_model(folder, torch.device("cpu"), torch.float32)
        self._pooling = settings.pooling
        self._depths = token_depths
        self._frozen: list[nn.Module] = []
        if settings.trained_layers is not None:
            self._train_only_the_last(settings.trained_layers)

    def _train_only_the_last(self, count: int) -> None:
        layers = _layers(self.model)
        if count > len(layers):
            raise EncoderError(
                f"text_encoder.trainable must be at most last_{len(layers)}, the layers of the"
                f" model, got last_{count}"
            )
        self.model.requires_grad_(False)
        last = layers[len(layers) - count :]
        last.requires_grad_(True)
        within = {id(module) for layer in last for module in layer.modules()}
        self._frozen = [module for module in self.model.modules() if id(module) not in within]

    def train(self, mode: bool = True) -> Self:
        """As of any module; layers that are not trained stay in evaluation mode."""
        super().train(mode)
        for module in self._frozen:
            module.training = False
        return self

    def forward(self, texts: TokenIds) -> Texts:
        """B texts, padding masked."""
        deep = self._depths is not None
        found = self.model(
            input_ids=texts.ids, attention_mask=texts.mask.long(), output_hidden_states=deep
        )
        sentence = pool(found.last_hidden_state, texts.mask, self._pooling)
        if self._depths is None:
            return Texts(sentence)
        states = found.hidden_states
        early, late = (states[layer_at(depth, len(states) - 1)] for depth in self._depths)
        return Texts(sentence, Tokens(pool(early, texts.mask, "mean"), late, texts.mask))


def _layers(model: nn.Module) -> nn.ModuleList:
    """The transformer's blocks, whatever its architecture calls them."""
    depth = model.config.num_hidden_layers  # type: ignore[union-attr]
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return module
    raise EncoderError(f"text_encoder.trainable must be true or false for a {type(model).__name__}")

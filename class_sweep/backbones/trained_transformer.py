"""The encoders inside a backbone: frozen features, or a transformer that is trained."""

from typing import Any, Self

import torch
from torch import nn

from class_sweep.backbones.batch import InputSpec, Molecules, Texts, TokenIds, Tokens
from class_sweep.config.inputs import TransformerSettings
from class_sweep.encoders.pooling import layer_at, pool
from class_sweep.errors import EncoderError


def build_text_encoder(inputs: InputSpec, token_depths: tuple[float, float] | None) -> nn.Module:
    """The module whose output is `Texts`: a transformer that is trained, else the identity."""
    if inputs.transformer is None:
        return nn.Identity()
    return TextTransformer(inputs.transformer, token_depths)


def build_molecule_encoder(inputs: InputSpec) -> nn.Module:
    """The module whose output is `Molecules`: a transformer that is trained, else the identity."""
    if inputs.molecule_transformer is None:
        return nn.Identity()
    return MoleculeTransformer(inputs.molecule_transformer)


class Transformer(nn.Module):
    """A pretrained transformer of which all layers or the last layers are trained.

    The other layers run in evaluation mode, without dropout, and keep no activations.
    """

    def __init__(
        self, settings: TransformerSettings, token_depths: tuple[float, float] | None = None
    ) -> None:
        """Load the model from this machine or the hub.

        Args:
            settings: The model, its pooling and its trained layers.
            token_depths: The two layers whose tokens the backbone reads, if any; see `Needs`.

        Raises:
            EncoderError: If the model is unavailable, or has fewer layers than are to be trained.
        """
        super().__init__()
        # Imported here because a trial over frozen features must not load transformers.
        from class_sweep.encoders.hub import find_model  # noqa: PLC0415
        from class_sweep.encoders.pretrained import load_model  # noqa: PLC0415
        from class_sweep.encoders.reading import reading_of  # noqa: PLC0415

        files = find_model(settings.model, settings.section)
        self.model: Any = load_model(files.folder, torch.device("cpu"), torch.float32)
        self._reading = reading_of(settings, files)
        self._depths = token_depths
        self._takes_prepared_masks = takes_prepared_masks(self.model)
        self._frozen: list[nn.Module] = []
        if settings.trained_layers is not None:
            self._train_only_the_last(settings.trained_layers, settings.section)

    def _train_only_the_last(self, count: int, section: str) -> None:
        layers = _layers(self.model)
        if layers is None:
            raise EncoderError(
                f"{section}.trainable must be true or false for a {type(self.model).__name__}"
            )
        if count > len(layers):
            raise EncoderError(
                f"{section}.trainable must be at most last_{len(layers)}, the layers of the"
                f" model, got last_{count}"
            )
        self.model.requires_grad_(False)
        last = layers[len(layers) - count :]
        last.requires_grad_(True)
        within = {id(module) for layer in last for module in layer.modules()}
        self._frozen = [module for module in self.model.modules() if id(module) not in within]

    def train(self, mode: bool = True) -> Self:
        """Set the mode of the trained layers; the others stay in evaluation mode."""
        super().train(mode)
        for module in self._frozen:
            module.training = False
        return self

    def encode(self, inputs: TokenIds) -> tuple[torch.Tensor, Tokens | None]:
        """The (B, D) vectors of B inputs, and their tokens if the backbone reads them."""
        output = self.model(
            input_ids=inputs.ids,
            attention_mask=self._attention_mask(inputs),
            output_hidden_states=self._depths is not None,
        )
        vectors = self._reading.vectors(output.last_hidden_state, inputs.mask)
        if self._depths is None:
            return vectors, None
        states = output.hidden_states
        early, late = (states[layer_at(depth, len(states) - 1)] for depth in self._depths)
        return vectors, Tokens(pool(early, inputs.mask, "mean"), late, inputs.mask)

    def _attention_mask(self, inputs: TokenIds) -> torch.Tensor | None:
        if not self._takes_prepared_masks:
            return inputs.mask.long()
        return prepared_mask(inputs.mask) if inputs.padded else None


class TextTransformer(Transformer):
    """A transformer over texts."""

    def forward(self, texts: TokenIds) -> Texts:
        """The vectors of B texts, and their tokens if the backbone reads them."""
        return Texts(*self.encode(texts))


class MoleculeTransformer(Transformer):
    """A transformer over SMILES."""

    def forward(self, molecules: TokenIds) -> Molecules:
        """The vectors of B molecules."""
        return Molecules(self.encode(molecules)[0])


def takes_prepared_masks(model: Any) -> bool:
    """Whether a model gives the same states for `prepared_mask` as for a mask of tokens.

    From a mask of tokens, models of transformers find out whether there is padding, and a host then
    waits for its GPU in every step. A mask per query is used as it is, but not by every model.

    Args:
        model: In evaluation mode, on the CPU.
    """
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    # Distinct tokens: with equal ones a decoder gives the same states whatever it sees.
    ids = torch.arange(4) * mask
    try:
        with torch.no_grad():
            expected = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
            states = model(input_ids=ids, attention_mask=prepared_mask(mask)).last_hidden_state
    except Exception:  # each architecture refuses it in its own way
        return False
    return torch.allclose(states[mask], expected[mask], atol=1e-5)


def prepared_mask(mask: torch.Tensor) -> torch.Tensor:
    """(B, T) tokens to (B, 1, T, T): the tokens that each token attends to."""
    return mask[:, None, None, :].expand(-1, -1, mask.shape[1], -1)


def _layers(model: nn.Module) -> nn.ModuleList | None:
    """The transformer's blocks, under whatever name its architecture has for them."""
    depth = model.config.num_hidden_layers  # type: ignore[union-attr]
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return module
    return None

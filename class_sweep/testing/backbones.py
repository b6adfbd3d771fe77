"""The contract of a backbone, on six made-up pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from class_sweep.backbones.backbone import Backbone, Encoded, Needs, backbone_class
from class_sweep.backbones.batch import Batch, InputSpec
from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.components import BACKBONES
from class_sweep.config.sections import Optimizer
from class_sweep.testing.contract import require, require_close, settings_of
from class_sweep.testing.samples import PAIRS, sample_features, sample_inputs
from class_sweep.training.features import TrialFeatures

_CPU = torch.device("cpu")
_NONE = ("\0",)  # the end of no name


@dataclass(frozen=True)
class BackboneCase:
    """A backbone under its settings, to be built and tried.

    Attributes:
        settings: Its settings.
        constant: The parameters that the loss cannot depend on, by the ends of their names.
    """

    settings: BackboneSettings
    constant: tuple[str, ...] = ()

    @property
    def features(self) -> TrialFeatures:
        """The six pairs, with what the backbone reads."""
        return sample_features(graphs=backbone_class(self.settings).needs(self.settings).graphs)

    @property
    def inputs(self) -> InputSpec:
        """The widths of the features."""
        return sample_inputs(self.features)

    def build(self, seed: int = 0, **changes: Any) -> Backbone:
        """A backbone with fresh weights.

        Args:
            seed: The seed of the weights.
            changes: Other values of settings; those that the backbone lacks are left out.
        """
        known = type(self.settings).model_fields.keys() & changes.keys()
        settings = self.settings.model_copy(update={name: changes[name] for name in known})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return backbone_class(settings)(settings, self.inputs)

    def batch(self, rows: Sequence[int] = range(PAIRS)) -> Batch:
        """A batch of some of the six pairs."""
        return self.features.batch(np.array(rows), _CPU)

    def sides(
        self, backbone: Backbone, rows: Sequence[int] = range(PAIRS)
    ) -> tuple[Encoded, Encoded]:
        """The texts and the molecules of some pairs, encoded."""
        batch = self.batch(rows)
        return backbone.encode_texts(batch.texts), backbone.encode_molecules(batch.molecules)

    def loss(self, backbone: Backbone) -> torch.Tensor:
        """The loss of the six pairs."""
        return torch.stack(list(backbone.loss_parts(*self.sides(backbone)).values())).sum()


def needs_and_parts_are_named(case: BackboneCase) -> None:
    """`needs` is a `Needs`, and `parts` names each part of the loss once."""
    backbone = case.build()
    require(isinstance(backbone.needs(case.settings), Needs), "needs must give a Needs")
    parts = getattr(backbone, "parts", ())
    named = isinstance(parts, tuple) and len(set(parts)) == len(parts) > 0
    require(named, f"parts must be a tuple of the names of the loss's parts, got {parts!r}")


def embeddings_are_unit_vectors_of_one_space(case: BackboneCase) -> None:
    """Both sides give (B, D) float32 unit vectors under the key `embedding`."""
    for side, encoded in zip(("texts", "molecules"), case.sides(case.build().eval()), strict=True):
        rule = f"the encoding of {side} must have (B, D) float32 unit vectors `embedding`"
        require(
            isinstance(encoded, dict) and "embedding" in encoded, f"{rule}, got {encoded!r:.80}"
        )
        embedding = encoded["embedding"]
        require(
            embedding.ndim == 2 and len(embedding) == PAIRS and embedding.dtype == torch.float32,
            f"{rule}, got {tuple(embedding.shape)} {embedding.dtype} for B = {PAIRS}",
        )
        require(embedding.isfinite().all(), f"{rule}, got NaN or infinity")
        norms = embedding.norm(dim=1)
        require_close(norms, torch.ones(PAIRS), f"{rule}, whose length is 1")
    texts, molecules = case.sides(case.build().eval())
    widths = texts["embedding"].shape[1], molecules["embedding"].shape[1]
    require(widths[0] == widths[1], f"texts and molecules must have one D, got {widths}")


def the_loss_has_named_finite_scalar_parts_with_gradients(case: BackboneCase) -> None:
    """`loss_parts` gives a finite scalar with a gradient for each name in `parts`."""
    backbone = case.build().train()
    parts = backbone.loss_parts(*case.sides(backbone))
    require(
        isinstance(parts, dict) and tuple(parts) == tuple(backbone.parts),
        f"loss_parts must give the parts {backbone.parts}, got {list(parts)}",
    )
    for name, part in parts.items():
        what = f"part {name} of the loss must be a finite scalar with a gradient"
        require(name.isidentifier(), f"a part of the loss must be named by a word, got {name!r}")
        require(part.shape == (), f"{what}, got the shape {tuple(part.shape)}")
        require(part.isfinite(), f"{what}, got {part.item()}")
        require(part.requires_grad, f"{what}, got one that no parameter has made")


def gradients_reach_every_parameter(case: BackboneCase) -> None:
    """The loss has a finite gradient, not all 0, at every parameter that is trained."""
    backbone = case.build(dropout=0.0).train()
    encoded = case.sides(backbone)
    torch.stack(list(backbone.loss_parts(*encoded).values())).sum().backward()  # type: ignore[no-untyped-call]
    if backbone.critic:
        unreached = all(parameter.grad is None for parameter in backbone.critic.parameters())
        require(unreached, "the loss of the model must leave the critic alone")
        backbone.critic.loss(*(side["embedding"] for side in encoded)).backward()  # type: ignore[no-untyped-call]
    for name, parameter in backbone.named_parameters():
        if not parameter.requires_grad:
            require(parameter.grad is None, f"a fixed parameter must have no gradient, got {name}")
            continue
        rule = f"a gradient must reach every parameter, got none at {name}"
        require(parameter.grad is not None, rule)
        gradient = parameter.grad if parameter.grad is not None else torch.zeros(())
        require(gradient.isfinite().all(), f"a gradient must be finite, got {name}")
        require(name.endswith(case.constant or _NONE) or gradient.any(), rule)


def every_logit_is_the_score_of_its_own_pair(case: BackboneCase) -> None:
    """`logits` gives (B, B) scores, each of which its own text and molecule decide alone."""
    backbone = case.build().eval()
    logits = backbone.logits(*case.sides(backbone))
    rule = "logits must give the (B, B) scores of every text and every molecule"
    require(logits.shape == (PAIRS, PAIRS), f"{rule}, got {tuple(logits.shape)} for B = {PAIRS}")
    for row, column in ((0, 0), (1, 4), (5, 2)):
        text, _ = case.sides(backbone, [row])
        _, molecule = case.sides(backbone, [column])
        alone = backbone.logits(text, molecule)[0, 0]
        require_close(alone, logits[row, column], f"{rule}, each of its own pair alone")


def an_embedding_does_not_depend_on_its_batch(case: BackboneCase) -> None:
    """In evaluation mode a text and a molecule are encoded alike in any batch."""
    backbone = case.build().eval()
    together, backwards = case.sides(backbone), case.sides(backbone, range(PAIRS)[::-1])
    alone = [case.sides(backbone, [row]) for row in range(PAIRS)]
    rule = "an embedding must not depend on the others of its batch"
    for side in (0, 1):
        embedded = together[side]["embedding"]
        one_by_one = torch.cat([encoded[side]["embedding"] for encoded in alone])
        require_close(one_by_one, embedded, rule)
        require_close(backwards[side]["embedding"].flip(0), embedded, rule)


def a_pair_score_depends_on_its_own_text_and_molecule_alone(case: BackboneCase) -> None:
    """`pair_scores` gives (B,) scores; they are the inner products unless `reranks`."""
    backbone = case.build().eval()
    texts, molecules = [0, 1, 2, 2], [0, 3, 2, 4]  # two of the pairs are wrong

    def encoded(texts: list[int], molecules: list[int]) -> tuple[Encoded, Encoded]:
        return case.sides(backbone, texts)[0], case.sides(backbone, molecules)[1]

    together = backbone.pair_scores(*encoded(texts, molecules))
    rule = "pair_scores must give the (B,) scores of the pairs"
    require(together.shape == (4,), f"{rule}, got {tuple(together.shape)} for B = 4")
    alone = [
        backbone.pair_scores(*encoded([text], [molecule]))
        for text, molecule in zip(texts, molecules, strict=True)
    ]
    require_close(torch.cat(alone), together, f"{rule}, each from its own pair alone")
    backwards = backbone.pair_scores(*encoded(texts[::-1], molecules[::-1]))
    require_close(backwards.flip(0), together, f"{rule}, in any sequence")
    if not backbone.reranks:
        text, molecule = encoded(texts, molecules)
        inner = (text["embedding"] * molecule["embedding"]).sum(1)
        require_close(together, inner, "without `reranks` a pair score must be the inner product")


def a_seed_gives_one_initialisation(case: BackboneCase) -> None:
    """Equal seeds give equal weights, another seed gives others."""
    first, same, other = (case.build(seed).state_dict() for seed in (3, 3, 4))
    equal = all(torch.equal(first[name], same[name]) for name in first)
    require(equal, "equal seeds must give equal weights")
    differ = not all(torch.equal(first[name], other[name]) for name in first)
    require(differ, "another seed must give other weights")


def shared_inputs_are_not_trained(case: BackboneCase) -> None:
    """An optimizer step leaves the shared atom vectors as they are."""
    shared = case.inputs.atom_vectors
    before = None if shared is None else shared.copy()
    backbone = case.build().train()
    optimizer = torch.optim.AdamW(backbone.parameter_groups(Optimizer()), lr=0.1)
    case.loss(backbone).backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    unchanged = before is None or shared is None or (shared == before).all()
    require(unchanged, "the shared atom vectors must not be trained")


def every_parameter_is_in_one_group_of_one_optimizer(case: BackboneCase) -> None:
    """`parameter_groups` and the critic's optimizer share out the trained parameters."""
    backbone = case.build()
    groups = list(backbone.parameter_groups(Optimizer()))
    if backbone.critic:
        groups += backbone.critic.optimizer().param_groups
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    trained = {id(parameter) for parameter in backbone.parameters() if parameter.requires_grad}
    whole = len(grouped) == len(set(grouped)) and set(grouped) == trained
    require(whole, "every trained parameter must be in one group of one optimizer")


def only_matrices_are_decayed(case: BackboneCase) -> None:
    """Weight decay acts on matrices, and every group has the peak of the learning rate."""
    for group in case.build().parameter_groups(Optimizer(weight_decay=0.3, lr=0.02)):
        decays = {parameter.ndim > 1 for parameter in group["params"]}
        as_told = decays <= {group["weight_decay"] == 0.3} and group["weight_decay"] in (0.3, 0.0)
        require(as_told, "weight decay must act on matrices and on nothing else")
        require(group["peak"] == 0.02, "every group must have the peak learning rate `lr`")


def a_frozen_parameter_is_in_no_group(case: BackboneCase) -> None:
    """`parameter_groups` leaves out a parameter without `requires_grad`."""
    backbone = case.build()
    frozen = next(backbone.parameters()).requires_grad_(False)
    groups = backbone.parameter_groups(Optimizer())
    absent = not any(parameter is frozen for group in groups for parameter in group["params"])
    require(absent, "a frozen parameter must be in no group")


def training_lowers_the_loss_and_finds_partners(case: BackboneCase) -> None:
    """Forty steps halve the loss of six pairs and put each text next to its molecule."""
    backbone = case.build(dropout=0.0).train()
    optimizer = torch.optim.AdamW(backbone.parameter_groups(Optimizer(weight_decay=0)), lr=0.01)
    before = case.loss(backbone).item()
    for _ in range(40):
        optimizer.zero_grad()
        case.loss(backbone).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    after = case.loss(backbone).item()
    require(after < before / 2, f"40 steps must halve the loss, got {before:.3g} → {after:.3g}")
    texts, molecules = (side["embedding"] for side in case.sides(backbone.eval()))
    partners = (texts @ molecules.T).argmax(dim=1).tolist()
    found = partners == list(range(PAIRS))
    require(found, f"40 steps must put each text next to its own molecule, got {partners}")


def a_restored_backbone_embeds_the_same(case: BackboneCase) -> None:
    """`load_state_dict` of another's `state_dict` gives its embeddings."""
    original, restored = case.build(1).eval(), case.build(2).eval()
    restored.load_state_dict(original.state_dict())
    for before, after in zip(case.sides(original), case.sides(restored), strict=True):
        same = torch.equal(before["embedding"], after["embedding"])
        require(same, "a backbone with the state of another must embed as it does")


QUICK_RULES = (
    needs_and_parts_are_named,
    embeddings_are_unit_vectors_of_one_space,
    the_loss_has_named_finite_scalar_parts_with_gradients,
    gradients_reach_every_parameter,
)
"""What `class-sweep check` and `run` test on a backbone of one's own: milliseconds on a CPU."""

RULES = (
    *QUICK_RULES,
    every_logit_is_the_score_of_its_own_pair,
    an_embedding_does_not_depend_on_its_batch,
    a_pair_score_depends_on_its_own_text_and_molecule_alone,
    a_seed_gives_one_initialisation,
    shared_inputs_are_not_trained,
    every_parameter_is_in_one_group_of_one_optimizer,
    only_matrices_are_decayed,
    a_frozen_parameter_is_in_no_group,
    training_lowers_the_loss_and_finds_partners,
    a_restored_backbone_embeds_the_same,
)


def check_backbone(name: str, *, constant: tuple[str, ...] = (), **settings: Any) -> None:
    """Check a registered backbone against every rule.

    Args:
        name: Its name.
        constant: The parameters that the loss cannot depend on, such as a bias that cancels; the
            ends of their names.
        settings: Other values than the defaults of its settings; small sizes are quick.

    Raises:
        ContractError: At the first rule that it breaks.
    """
    case = BackboneCase(settings_of(BACKBONES, name, settings), constant)
    for rule in RULES:
        rule(case)

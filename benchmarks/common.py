"""Parts that several benchmarks share: data, features, and the timing of alternatives."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.inputs import (
    Chebi20Data,
    DataSettings,
    HuggingFaceEncoder,
    LsaEncoder,
    Mol2vecEncoder,
    MoleculeEncoderSettings,
    MorganEncoder,
    NamesData,
    TextEncoderSettings,
)
from class_sweep.data.corpus import load_pairs
from class_sweep.encoders.encoder import fit_molecule_encoder, fit_text_encoder

Features = tuple[NDArray[np.float32], NDArray[np.float32]]


def data_folder() -> Path | None:
    """The folder of the real data sets: CLASS_SWEEP_DATA, else ../shared/data; None without it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CLASS_SWEEP_DATA", beside))
    return folder if folder.is_dir() else None


def encoded(
    data: DataSettings,
    text: TextEncoderSettings,
    molecule: MoleculeEncoderSettings,
    cache: Path,
) -> Features:
    """The features of the training pairs: (L, D_text) and (L, D_molecule)."""
    pairs = load_pairs(data)
    train, store = pairs.rows("train"), ArrayCache(cache)
    texts = fit_text_encoder(text, pairs.texts, train, cache=store)
    molecules = fit_molecule_encoder(molecule, pairs.smiles, train, cache=store)
    return (
        texts.encode(pairs.texts, cache=store)[train],
        molecules.encode(pairs.smiles, cache=store)[train],
    )


def names_features(limit: int, cache: Path, dimensions: int = 256) -> Features:
    """The features of the `names` source: LSA and Morgan fingerprints."""
    text, molecule = LsaEncoder(dimensions=dimensions), MorganEncoder(kind="morgan")
    return encoded(NamesData(source="names", limit=limit), text, molecule, cache)


def mixed_features(text_model: str | None, cache: Path) -> tuple[str, Features]:
    """A description and the features of the mixed real data set; of `names` without it."""
    folder = data_folder()
    if folder is None:
        return "names: lsa 384 + morgan 1024", names_features(20_000, cache, dimensions=384)
    text: TextEncoderSettings = LsaEncoder(dimensions=384)
    if text_model:
        text = HuggingFaceEncoder(model=text_model)
    vectors = folder / "mol2vec" / "text2mol_300d.npz"
    features = encoded(
        Chebi20Data(source="chebi20", path=folder / "mixed"),
        text,
        Mol2vecEncoder(kind="mol2vec", vectors=vectors),
        cache,
    )
    return f"mixed: {text_model or 'lsa 384 (no --text-model)'} + mol2vec 300", features


def save_bert(folder: Path, texts: list[str], width: int = 768) -> None:
    """A BERT of SciBERT's depth with random weights, and a WordPiece vocabulary of the texts."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing
    from tokenizers.trainers import WordPieceTrainer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = {name: f"[{name[:3].upper()}]" for name in ("pad_token", "unk_token")}
    special |= {"cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = Tokenizer(WordPiece(unk_token=special["unk_token"]))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=31_090, special_tokens=list(special.values()), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(t, tokenizer.token_to_id(t)) for t in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = BertProcessing(*ends)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    heads = max(1, width // 64)
    config = BertConfig(
        vocab_size=31_090, hidden_size=width, num_attention_heads=heads, intermediate_size=4 * width
    )
    BertModel(config).save_pretrained(folder)


@dataclass(frozen=True)
class Timing:
    """The best of several runs.

    Attributes:
        wall: Seconds.
        cpu: Seconds of all cores; less sensitive to other load than wall time.
    """

    wall: float
    cpu: float


def best_of(rounds: int, tasks: dict[str, Callable[[], object]]) -> dict[str, Timing]:
    """Run all tasks in turn, several times, so that a busy moment affects each of them."""
    times: dict[str, list[Timing]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            wall, cpu = time.perf_counter(), time.process_time()
            task()
            times[name].append(Timing(time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Timing(min(t.wall for t in runs), min(t.cpu for t in runs))
        for name, runs in times.items()
    }

import os
import string
from pathlib import Path

import pytest

TEXTS = [
    "ethanol is a primary alcohol",
    "benzene, an aromatic hydrocarbon",
    "acetic acid",
    "the molecule is a carboxylic acid that is acetic acid with a phenyl group at position 2",
    "acetic acid",
    "water",
    "2-methylpropan-1-ol is an alkyl alcohol; it has a role as a metabolite",
    "toluene is benzene with a methyl group",
]
SMILES = ["CCO", "c1ccccc1", "CC(=O)O", "OC(=O)Cc1ccccc1", "CC(=O)O", "O", "CC(C)CO", "Cc1ccccc1"]


@pytest.fixture
def texts():
    return list(TEXTS)


@pytest.fixture
def smiles():
    return list(SMILES)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A BERT of 2 layers and 16 dimensions with random weights, in a folder."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "acid", "benzene", "alcohol", "the"]
    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces += [*characters, *(f"##{c}" for c in characters)]
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    vocabulary = {piece: row for row, piece in enumerate(pieces)}
    words = WordPiece(vocabulary, unk_token=special["unk_token"])
    tokenizer = Tokenizer(words)
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    folder = tmp_path_factory.mktemp("tiny_bert")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def real_data():
    """The folder of the real data sets; the test is skipped where it is not."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CLASS_SWEEP_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}")
    return folder

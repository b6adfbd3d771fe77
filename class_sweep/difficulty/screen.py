"""Approximate similarities of a block, in the machine's fastest format, with a rigorous error.

A screen never decides: it says which pairs may matter, and these are decided in float64.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.base.device import device_and_dtype
from class_sweep.difficulty.layout import even_spans
from class_sweep.difficulty.threads import Workers
from class_sweep.difficulty.vectors import PairVectors

_HALF_ULP = {torch.bfloat16: 2.0**-9, torch.float32: 2.0**-25}  # of a number below 1
_ACCUMULATION = 2.0**-23  # a multiply-add: two float32 roundings of partial sums that stay below 1
_SHORTENED = 2.0**-6  # more than two inputs cut to bfloat16's eight digits
_CHUNK = 512  # rows
_STRIP = 256  # rows of a product whose partial sums stay in the cache
_TERMS = 64  # of an inner product that float32 adds up at a time


@dataclass(frozen=True)
class Wide:
    """Some rows in float64, made when they are needed: kept, they would be the largest array.

    Attributes:
        z: (n, D) float64, the joined vectors.
        bits: (n, W) uint64, packed fingerprints.
        ones: (n,) int64, how many bits of each are set.
        tanimoto_weight: 1 − w under Tanimoto, else 0.
    """

    z: NDArray[np.float64]
    bits: NDArray[np.uint64]
    ones: NDArray[np.int64]
    tanimoto_weight: float

    @classmethod
    def of(cls, vectors: PairVectors, rows: range) -> "Wide":
        """Join and normalise the rows."""
        here = slice(rows.start, rows.stop)
        return cls(
            vectors.joined(rows), vectors.bits[here], vectors.ones[here], vectors.tanimoto_weight
        )


@dataclass(frozen=True)
class Panel:
    """Some rows, ready for products.

    Attributes:
        vectors: Of all pairs.
        span: Which of them the rows are.
        z: (n, D) the joined vectors in the screen's format, on its device.
        slack: (n,) float32; |approximate − exact| ≤ slack_i + slack_j, the approximate value
            clamped to [−1, 1].
    """

    vectors: PairVectors
    span: range
    z: torch.Tensor
    slack: NDArray[np.float32]

    @classmethod
    def of(cls, vectors: PairVectors, rows: range, workers: Workers | None = None) -> "Panel":
        """Join, normalise and round the rows.

        By Cauchy and Schwarz the product of the rounded rows ẑ = z + δ strays at most
        ‖δ_i‖‖ẑ_j‖ + ‖z_i‖‖δ_j‖ from z_i · z_j, with ‖z‖ ≤ 1 and ‖ẑ‖ ≤ 1 + 2⁻⁷.
        """
        device, dtype = screen_format()
        z = torch.empty((len(rows), vectors.dimensions), dtype=dtype, device=device)
        shortened = np.empty(len(rows))

        def fill(span: range) -> None:
            part = slice(span.start, span.stop)
            wide = torch.from_numpy(vectors.joined(rows[part]))
            rounded = wide.to(dtype)
            z[part] = rounded.to(device)
            shortened[part] = torch.linalg.vector_norm(wide - rounded, dim=1).numpy()

        list((workers.map if workers else map)(fill, even_spans(len(rows), _CHUNK)))
        rest = vectors.dimensions * _ACCUMULATION + _HALF_ULP[dtype] + 2.0**-20
        slack = (1 + 2.0**-7) * shortened + (rest + _product_shortens()) / 2
        return cls(vectors, rows, z, slack.astype(np.float32))

    def wide(self, part: slice) -> Wide:
        """Some of the rows in float64."""
        return Wide.of(self.vectors, self.span[part])


def _product_shortens() -> float:
    """How far a float32 product may stray because its inputs are shortened to fewer digits.

    PyTorch allows TF32 or bfloat16 for them when a process asks for speed; this one does not.
    """
    try:
        whole = torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # it was set for one kind of device alone
        whole = False
    return 0.0 if whole else _SHORTENED


def screen_format() -> tuple[torch.device, torch.dtype]:
    """Bfloat16 where this CPU computes in it, else float32; on CUDA always float32."""
    device, dtype = device_and_dtype()
    # A CUDA bfloat16 product may also reduce in bfloat16, which the bound above leaves out.
    return device, dtype if device.type == "cpu" else torch.float32


def approximate(
    rows: Panel, columns: Panel, i: slice, j: slice
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """(n_i, n_j) similarities, and under Tanimoto the (n_i, n_j) T_ij in them."""
    inner = rows.z[i] @ columns.z[j].T
    if not rows.vectors.tanimoto_weight:
        return inner, None
    return _with_tanimoto(inner, rows.wide(i), columns.wide(j))


def in_float32(
    rows: Wide, columns: Wide, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The same to `float32_slack`, whatever the screen's format.

    Float32 adds up a few terms at a time, then those sums: its error grows with the longer of both.
    """
    a, b = (torch.from_numpy(side.z).to(device, torch.float32) for side in (rows, columns))
    inner = torch.zeros((len(a), len(b)), device=device)
    for top in range(0, len(a), _STRIP):
        strip = inner[top : top + _STRIP]
        part = torch.empty_like(strip)
        for k in range(0, a.shape[1], _TERMS):
            torch.mm(a[top : top + _STRIP, k : k + _TERMS], b[:, k : k + _TERMS].T, out=part)
            strip += part
    return _with_tanimoto(inner, rows, columns)


def float32_slack(dimensions: int) -> float:
    """How far a value of `in_float32` may be from the exact one.

    A sum of n products strays at most n·u·Σ|a_k·b_k|, u = 2⁻²⁴, in any order (Jeannerod and Rump,
    SIAM J. Matrix Anal. Appl. 34, 2013), and Σ|a_k·b_k| ≤ 1 here. Each input is rounded once, and
    Tanimoto's part takes five more roundings.
    """
    steps = min(_TERMS, dimensions) + -(-dimensions // _TERMS)
    return (steps + 2 + 5) * 2.0**-24 * (1 + 2.0**-10) + _product_shortens()


def _with_tanimoto(
    inner: torch.Tensor, rows: Wide, columns: Wide
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """w·cos + (1 − w)·T, and T in float32: each the exact fraction rounded once."""
    if not rows.tanimoto_weight:
        return inner, None
    device = inner.device
    # Whole numbers below 2^24: a float32 product of zeros and ones counts exactly.
    common = _unpack(rows.bits, device) @ _unpack(columns.bits, device).T
    a, b = (torch.from_numpy(side.ones.astype(np.float32)).to(device) for side in (rows, columns))
    shared = common / (a[:, None] + b - common).clamp_(min=1)
    return inner.float() + rows.tanimoto_weight * shared, shared


def exact_block(rows: Wide, columns: Wide) -> NDArray[np.float64]:
    """(n_i, n_j) the similarities in float64."""
    exact: NDArray[np.float64] = rows.z @ columns.z.T
    if rows.tanimoto_weight:
        cpu = torch.device("cpu")
        common = (_unpack(rows.bits, cpu) @ _unpack(columns.bits, cpu).T).double().numpy()
        union = rows.ones[:, None] + columns.ones - common
        exact += rows.tanimoto_weight * (common / np.maximum(union, 1))
    return exact


def exact_pairs(
    rows: Wide, columns: Wide, i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float64]:
    """s_ij in float64 for chosen pairs, sorted by i and then by j: (n,) and (n,) to (n,)."""
    starts = np.searchsorted(i, np.arange(len(rows.z) + 1))
    exact = _sampled_product(rows.z, columns.z, starts, j)
    if rows.tanimoto_weight:
        common = np.bitwise_count(rows.bits[i] & columns.bits[j]).sum(axis=1, dtype=np.int64)
        union = rows.ones[i] + columns.ones[j] - common
        exact += rows.tanimoto_weight * (common / np.maximum(union, 1))
    return exact


def _sampled_product(
    a: NDArray[np.float64], b: NDArray[np.float64], starts: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The entries of a·bᵀ at a CSR pattern: reads each pair's two rows and copies nothing."""
    if not len(j) or not a.shape[1]:
        return np.zeros(len(j))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)  # once a process: it is "beta"
        pattern = torch.sparse_csr_tensor(
            torch.from_numpy(starts),
            torch.from_numpy(j),
            torch.zeros(len(j), dtype=torch.float64),
            (len(a), len(b)),
            check_invariants=False,
        )
    product = torch.sparse.sampled_addmm(
        pattern, torch.from_numpy(a), torch.from_numpy(b).T, beta=0.0
    )
    values: NDArray[np.float64] = product.values().numpy()
    return values


def _unpack(bits: NDArray[np.uint64], device: torch.device) -> torch.Tensor:
    """(n, W) packed words to (n, 64·W) zeros and ones in float32."""
    return torch.from_numpy(np.unpackbits(bits.view(np.uint8), axis=1)).to(device).float()

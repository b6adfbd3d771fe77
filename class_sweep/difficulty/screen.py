"""Approximate similarities of a block, in the machine's fastest format, with a rigorous error.

A screen never decides: it says which pairs may matter, and these are decided in float64.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.layout import even_spans
from class_sweep.difficulty.threads import Workers
from class_sweep.difficulty.vectors import PairVectors
from class_sweep.encoders.precision import device_and_dtype

_HALF_ULP = {torch.bfloat16: 2.0**-9, torch.float32: 2.0**-25}  # of a number below 1
_ACCUMULATION = 2.0**-23  # a multiply-add: two float32 roundings of partial sums that stay below 1
_TF32 = 2.0**-10  # a CUDA product may shorten its inputs so
_CHUNK = 512  # rows


@dataclass(frozen=True)
class Panel:
    """Some rows, ready for products.

    Attributes:
        z64: (n, D) float64, the joined vectors.
        z: (n, D) the same in the screen's format, on its device.
        slack: (n,) float32; |approximate − exact| ≤ slack_i + slack_j, the approximate value
            clamped to [−1, 1].
        bits: (n, W) uint64, packed fingerprints.
        ones: (n,) int64
        tanimoto_weight: 1 − w under Tanimoto, else 0.
    """

    z64: NDArray[np.float64]
    z: torch.Tensor
    slack: NDArray[np.float32]
    bits: NDArray[np.uint64]
    ones: NDArray[np.int64]
    tanimoto_weight: float

    @classmethod
    def of(cls, vectors: PairVectors, rows: range, workers: Workers | None = None) -> "Panel":
        """Join, normalise and round the rows.

        By Cauchy and Schwarz the product of the rounded rows ẑ = z + δ strays at most
        ‖δ_i‖‖ẑ_j‖ + ‖z_i‖‖δ_j‖ from z_i · z_j, with ‖z‖ ≤ 1 and ‖ẑ‖ ≤ 1 + 2⁻⁷.
        """
        device, dtype = screen_format()
        z64 = np.empty((len(rows), vectors.dimensions))
        z = torch.empty(z64.shape, dtype=dtype, device=device)
        shortened = np.empty(len(rows))

        def fill(span: range) -> None:
            part = slice(span.start, span.stop)
            wide = torch.from_numpy(vectors.joined(rows[part], out=z64[part]))
            rounded = wide.to(dtype)
            z[part] = rounded.to(device)
            shortened[part] = torch.linalg.vector_norm(wide - rounded, dim=1).numpy()

        list((workers.map if workers else map)(fill, even_spans(len(rows), _CHUNK)))
        if device.type == "cuda":
            shortened += _TF32
        rest = vectors.dimensions * _ACCUMULATION + _HALF_ULP[dtype] + 2.0**-20
        kept = slice(rows.start, rows.stop)
        return cls(
            z64,
            z,
            ((1 + 2.0**-7) * shortened + rest / 2).astype(np.float32),
            vectors.bits[kept],
            vectors.ones[kept],
            vectors.tanimoto_weight,
        )


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
    if not rows.tanimoto_weight:
        return inner, None
    shared = _tanimoto(rows, columns, i, j)
    return inner.float() + rows.tanimoto_weight * shared, shared


def _tanimoto(rows: Panel, columns: Panel, i: slice, j: slice) -> torch.Tensor:
    """T_ij in float32, each the exact fraction rounded once."""
    device = rows.z.device
    # Whole numbers below 2^24: a float32 product of zeros and ones counts exactly.
    common = _unpack(rows.bits[i], device) @ _unpack(columns.bits[j], device).T
    a, b = (torch.from_numpy(p.ones[s].astype(np.float32)) for p, s in ((rows, i), (columns, j)))
    return common / (a.to(device)[:, None] + b.to(device) - common).clamp_(min=1)


def exact_block(rows: Panel, columns: Panel, i: slice, j: slice) -> NDArray[np.float64]:
    """(n_i, n_j) the similarities in float64."""
    device = rows.z.device
    a, b = (torch.from_numpy(p.z64[s]).to(device) for p, s in ((rows, i), (columns, j)))
    exact: NDArray[np.float64] = (a @ b.T).cpu().numpy()
    if rows.tanimoto_weight:
        common = (_unpack(rows.bits[i], device) @ _unpack(columns.bits[j], device).T).cpu().numpy()
        union = rows.ones[i, None] + columns.ones[j] - common.astype(np.float64)
        exact += rows.tanimoto_weight * (common / np.maximum(union, 1))
    return exact


def exact_pairs(
    rows: Panel, columns: Panel, i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float64]:
    """s_ij in float64 for chosen pairs, sorted by i and then by j: (n,) and (n,) to (n,)."""
    starts = np.searchsorted(i, np.arange(len(rows.z64) + 1))
    exact = _sampled_product(rows.z64, columns.z64, starts, j)
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

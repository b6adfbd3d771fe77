"""Approximate similarities of a block, in the fastest format of the machine, with an error bound.

The screen only selects the pairs that may matter; float64 decides them.
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

_HALF_ULP = {torch.bfloat16: 2.0**-9, torch.float32: 2.0**-25}  # the rounding error below 1
_ACCUMULATION = 2.0**-23  # two float32 roundings per multiply-add of partial sums below 1
_INPUT_ROUNDING = 2.0**-6  # more than the rounding of both inputs to bfloat16's eight digits
_CHUNK = 512  # rows converted at a time
_STRIP = 256  # rows of a product whose partial sums stay in the processor cache
_TERMS = 64  # terms of an inner product in one float32 partial sum


@dataclass(frozen=True)
class ExactRows:
    """Rows in float64, computed when needed: all rows would be the largest array.

    Attributes:
        z: (n, D) float64, the joined vectors.
        bits: (n, W) uint64, packed fingerprints.
        ones: (n,) int64, the number of set bits of each fingerprint.
        tanimoto_weight: 1 − w under Tanimoto, else 0.
    """

    z: NDArray[np.float64]
    bits: NDArray[np.uint64]
    ones: NDArray[np.int64]
    tanimoto_weight: float

    @classmethod
    def of(cls, vectors: PairVectors, rows: range) -> "ExactRows":
        """Join and normalise the rows."""
        part = slice(rows.start, rows.stop)
        return cls(
            vectors.joined(rows), vectors.bits[part], vectors.ones[part], vectors.tanimoto_weight
        )


@dataclass(frozen=True)
class Panel:
    """Rows in the format of the screen.

    Attributes:
        vectors: The vectors of all pairs.
        span: The pairs of the rows.
        z: (n, D), the joined vectors on the device of the screen.
        slack: (n,) float32; |approximate − exact| ≤ slack_i + slack_j, if the approximate value is
            clamped to [−1, 1].
    """

    vectors: PairVectors
    span: range
    z: torch.Tensor
    slack: NDArray[np.float32]

    @classmethod
    def of(cls, vectors: PairVectors, rows: range, workers: Workers | None = None) -> "Panel":
        """Join, normalise and round the rows.

        Let ẑ = z + δ be the rounded rows. By the Cauchy–Schwarz inequality, ẑ_i · ẑ_j differs from
        z_i · z_j by at most ‖δ_i‖‖ẑ_j‖ + ‖z_i‖‖δ_j‖, where ‖z‖ ≤ 1 and ‖ẑ‖ ≤ 1 + 2⁻⁷.
        """
        device, dtype = screen_format()
        z = torch.empty((len(rows), vectors.dimensions), dtype=dtype, device=device)
        rounding = np.empty(len(rows))

        def fill(span: range) -> None:
            part = slice(span.start, span.stop)
            exact = torch.from_numpy(vectors.joined(rows[part]))
            rounded = exact.to(dtype)
            z[part] = rounded.to(device)
            rounding[part] = torch.linalg.vector_norm(exact - rounded, dim=1).numpy()

        list((workers.map if workers else map)(fill, even_spans(len(rows), _CHUNK)))
        product = vectors.dimensions * _ACCUMULATION + _HALF_ULP[dtype] + 2.0**-20
        slack = (1 + 2.0**-7) * rounding + (product + _input_rounding()) / 2
        return cls(vectors, rows, z, slack.astype(np.float32))

    def exact_rows(self, part: slice) -> ExactRows:
        """A part of the rows in float64."""
        return ExactRows.of(self.vectors, self.span[part])


def _input_rounding() -> float:
    """The error of a float32 product whose inputs PyTorch rounds to fewer digits.

    PyTorch rounds them to TF32 or bfloat16 only in a process that allows it. This package does not,
    but a caller may.
    """
    try:
        full_precision = torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # the precision is set for one kind of device alone
        full_precision = False
    return 0.0 if full_precision else _INPUT_ROUNDING


def screen_format() -> tuple[torch.device, torch.dtype]:
    """The device, and bfloat16 on a CPU that computes in it, else float32."""
    device, dtype = device_and_dtype()
    # On CUDA a bfloat16 product may also add in bfloat16, which the error bound does not cover.
    return device, dtype if device.type == "cpu" else torch.float32


def approximate(
    rows: Panel, columns: Panel, i: slice, j: slice
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Approximate the similarities of a block.

    Returns:
        (n_i, n_j) similarities, and (n_i, n_j) T_ij under Tanimoto, else None.
    """
    inner = rows.z[i] @ columns.z[j].T
    if not rows.vectors.tanimoto_weight:
        return inner, None
    return _with_tanimoto(inner, rows.exact_rows(i), columns.exact_rows(j))


def in_float32(
    rows: ExactRows, columns: ExactRows, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Compute the similarities of a block in float32, whatever the format of the screen.

    Each inner product is a sum of short partial sums, which keeps its error below `float32_slack`.

    Returns:
        (n_i, n_j) similarities, and (n_i, n_j) T_ij under Tanimoto, else None.
    """
    a, b = (torch.from_numpy(side.z).to(device, torch.float32) for side in (rows, columns))
    inner = torch.zeros((len(a), len(b)), device=device)
    for top in range(0, len(a), _STRIP):
        strip = inner[top : top + _STRIP]
        partial_sums = torch.empty_like(strip)
        for k in range(0, a.shape[1], _TERMS):
            torch.mm(
                a[top : top + _STRIP, k : k + _TERMS], b[:, k : k + _TERMS].T, out=partial_sums
            )
            strip += partial_sums
    return _with_tanimoto(inner, rows, columns)


def float32_slack(dimensions: int) -> float:
    """The largest error of a value of `in_float32`.

    A sum of n products has an error of at most n·u·Σ|a_k·b_k|, u = 2⁻²⁴, in any order (Jeannerod
    and Rump, SIAM J. Matrix Anal. Appl. 34, 2013); here Σ|a_k·b_k| ≤ 1. Each input is rounded once,
    and the Tanimoto term takes five more roundings.
    """
    steps = min(_TERMS, dimensions) + -(-dimensions // _TERMS)
    return (steps + 2 + 5) * 2.0**-24 * (1 + 2.0**-10) + _input_rounding()


def _with_tanimoto(
    inner: torch.Tensor, rows: ExactRows, columns: ExactRows
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Add (1 − w)·T to w·cos, and return T: the exact fractions, rounded once to float32."""
    if not rows.tanimoto_weight:
        return inner, None
    device = inner.device
    # A float32 product of zeros and ones counts exactly below 2^24.
    common = _unpack(rows.bits, device) @ _unpack(columns.bits, device).T
    a, b = (torch.from_numpy(side.ones.astype(np.float32)).to(device) for side in (rows, columns))
    tanimoto = common / (a[:, None] + b - common).clamp_(min=1)
    return inner.float() + rows.tanimoto_weight * tanimoto, tanimoto


def exact_block(rows: ExactRows, columns: ExactRows) -> NDArray[np.float64]:
    """Compute the similarities of a block in float64: (n_i, n_j)."""
    exact: NDArray[np.float64] = rows.z @ columns.z.T
    if rows.tanimoto_weight:
        cpu = torch.device("cpu")
        common = (_unpack(rows.bits, cpu) @ _unpack(columns.bits, cpu).T).double().numpy()
        union = rows.ones[:, None] + columns.ones - common
        exact += rows.tanimoto_weight * (common / np.maximum(union, 1))
    return exact


def exact_pairs(
    rows: ExactRows, columns: ExactRows, i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Compute s_ij in float64 for chosen pairs, sorted by i and then by j: (n,), (n,) to (n,)."""
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
    """Compute the entries of a·bᵀ at a CSR pattern, without copies of the rows."""
    if not len(j) or not a.shape[1]:
        return np.zeros(len(j))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)  # PyTorch calls CSR a beta feature
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
    """Unpack bits: (n, W) words to (n, 64·W) zeros and ones in float32."""
    return torch.from_numpy(np.unpackbits(bits.view(np.uint8), axis=1)).to(device).float()

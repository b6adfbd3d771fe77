"""The fastest device and number format of this machine for a frozen model."""

from pathlib import Path

import torch

_CPU_FLAGS = {"avx512_bf16", "amx_bf16"}


def device_and_dtype() -> tuple[torch.device, torch.dtype]:
    """CUDA or MPS if available, else the CPU; bfloat16 if the hardware supports it, else float32.

    On MPS it is float32: the support of bfloat16 there depends on the version of macOS.
    """
    if torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.device("cuda"), torch.bfloat16 if fast else torch.float32
    if torch.backends.mps.is_available():
        return torch.device("mps"), torch.float32
    return torch.device("cpu"), torch.bfloat16 if _cpu_has_bfloat16() else torch.float32


def _cpu_has_bfloat16() -> bool:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _CPU_FLAGS.isdisjoint(flags.split())

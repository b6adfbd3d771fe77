"""The processor of this machine, and its fastest device and number format for a frozen model."""

import platform
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


def processor_name() -> str:
    """The model of the CPU."""
    return _cpu_info("model name") or platform.processor() or platform.machine()


def _cpu_has_bfloat16() -> bool:
    return not _CPU_FLAGS.isdisjoint(_cpu_info("flags").split())


def _cpu_info(key: str) -> str:
    """What Linux knows of the first core; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")

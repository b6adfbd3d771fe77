import subprocess
import sys

import pytest

MODULES = (
    "baselines",
    "batch_sampler",
    "epoch_function",
    "intensity",
    "order",
    "pacing",
    "schedule_bounds",
    "space_warnings",
)


@pytest.mark.parametrize("modules", [MODULES, ("schedule",)], ids=["all", "schedule"])
def test_the_curriculum_imports_nothing_heavy(modules):
    imports = "; ".join(f"import class_sweep.curriculum.{module}" for module in modules)
    heavy = "{'torch', 'ray', 'rdkit', 'optuna', 'sklearn', 'pandas', 'scipy', 'transformers'}"
    program = f"import sys; {imports}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

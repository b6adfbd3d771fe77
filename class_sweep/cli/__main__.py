"""`python -m class_sweep.cli`, the same as `class-sweep`."""

from class_sweep.cli.main import main

main()

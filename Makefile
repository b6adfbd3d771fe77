# On a fresh machine: `make demo` runs the main job, `make check docs test` is what a change must pass.
# `make test-long` and `make test-cluster` take longer; PYTEST_ARGS passes options to pytest.
PYTHON ?= python3
PYTEST_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One process runs every test that starts Ray, the other the rest.
IN_PARALLEL := -n 2 --dist loadgroup

.PHONY: demo check docs test test-long test-cluster format clean

demo: $(STAMP)
	$(BIN)/class-sweep run search_spaces/demo.yaml

check: $(STAMP) docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

test: $(STAMP)
	$(BIN)/pytest $(IN_PARALLEL) $(PYTEST_ARGS)

test-long: $(STAMP)
	$(BIN)/pytest -m 'long and not cluster' $(IN_PARALLEL) $(PYTEST_ARGS)

test-cluster: $(STAMP)
	$(BIN)/pytest -m cluster $(PYTEST_ARGS)

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

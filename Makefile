# `make demo` and `make test` do everything on a fresh machine: they install first.
VENV ?= .venv
PYTHON ?= python3.11
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TEST_JOBS ?= 2

.PHONY: install demo test test-slow test-soak soak fuzz mutants test-gpu test-browser lint types bench-flow bench-learning bench-train bench-audit bench-memory bench-clips bench-scale docs clean

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: install
	$(BIN)/raicl demo demo

# By file: what the tests of a file share is made once. The others keep the machine to themselves.
test: install
	$(BIN)/python -m pytest --numprocesses $(TEST_JOBS) --dist loadfile

test-slow: install
	$(BIN)/python -m pytest -m slow --timeout 3600

test-soak: install
	$(BIN)/python -m pytest -m soak --timeout 3600

# up to two hours: SOAK='--kills 20 --flips 500 --minutes 10' does a part
soak: install
	$(BIN)/python -m tests.soak $(SOAK)

# ten minutes: FUZZ='--minutes 1 --only protocol' does a part
fuzz: install
	$(BIN)/python -m tests.fuzz $(FUZZ)

# a sample of the planted errors in common: MUTANTS='--every 1' tries all, for hours
mutants: install
	$(BIN)/python -m tests.mutants $(MUTANTS)

test-gpu: install
	$(BIN)/python -m pytest -m gpu

# skipped where no Chromium is installed (Debian's package: chromium)
test-browser: install
	$(BIN)/python -m pytest -m browser -rs

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# mypy cannot see through an editable install; these links show it raicl.* where the folders are
types: install
	mkdir -p build/types/raicl
	for folder in common data preprocess train; do \
		ln -sfn ../../../$$folder build/types/raicl/$$folder; done
	$(BIN)/mypy -p raicl.common -p raicl.data -p raicl.preprocess -p raicl.train

bench-flow: install
	$(BIN)/python -m tests.benchmarks.flow

bench-learning: install
	$(BIN)/python tests/benchmarks/learning.py

bench-train: install
	$(BIN)/python -m tests.benchmarks.train

bench-audit: install
	$(BIN)/python tests/benchmarks/audit.py

bench-memory: install
	$(BIN)/python -m tests.benchmarks.memory

bench-clips: install
	$(BIN)/python -m tests.benchmarks.clips

bench-scale: install
	$(BIN)/python -m tests.benchmarks.scale

# the site is build/docs/index.html; the tutorial's commands run when they or the package have changed
docs: install
	$(BIN)/python -m sphinx -n -W --keep-going docs build/docs

clean:
	rm -rf $(VENV) build dist *.egg-info demo .pytest_cache .ruff_cache .mypy_cache

# Every target works from a fresh clone: it needs Python 3.11 or newer, and nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# Tests wait for servers and processes now and then: one worker more than there are cores.
JOBS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)

# Tests write and sync many small files: in memory, where there is room and programs may run.
SCRATCH := $(shell findmnt -no OPTIONS /dev/shm 2>/dev/null | grep -vq noexec && test -w /dev/shm \
	&& test "$$(df -k --output=avail /dev/shm | tail -1)" -gt 4000000 && echo /dev/shm || echo "$${TMPDIR:-/tmp}")

RUNTIME := .venv/.runtime
DEV := .venv/.dev

# For every platform, with the digest of each file, and without the name of any index.
LOCK := $(BIN)/uv --quiet pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--upgrade --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# What Python compiled of the project is kept, as it is on most machines: tests start many processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test test-long test-night check bench mutants docs lock sbom clean

help:  ## Say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

install: $(RUNTIME)  ## Make .venv/bin/clio-sync, from the locked versions

demo: $(RUNTIME)  ## Load an invented law firm from a simulated Clio; no credentials needed
	$(BIN)/clio-sync demo

# A module stays in one process, which makes once what its tests share.
test: $(DEV)  ## Run the tests, those of minutes apart
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder -m "not long and not night"

test-long: $(DEV)  ## Run the tests that take minutes
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "long and not night"

test-night: $(DEV)  ## Run the tests that take hours: the same with large counts
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m night

check: $(DEV)  ## Lint, format, types, import layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV)  ## Measure, and write docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks

mutants: $(DEV)  ## Plant bugs one at a time; each must turn a test red
	$(BIN)/python -m tests.mutants

docs: $(DEV)  ## Write what is generated: docs/cli.md, docs/metrics.md, tables of the simulator and of collections
	$(BIN)/python -m tests.docs_cli
	$(BIN)/python -m tests.docs_collections
	$(BIN)/python -m tests.docs_metrics
	$(BIN)/python -m tests.docs_simulator

lock: $(DEV)  ## Resolve the dependencies anew
	$(PIP) "uv>=0.9,<1"
	$(LOCK) --group pyproject.toml:build --output-file requirements.lock
	$(LOCK) --group pyproject.toml:check --constraint requirements.lock --output-file requirements-dev.lock

sbom: $(RUNTIME)  ## Write dist/clio-sync.cdx.json: every package with its digests, in CycloneDX
	$(PIP) "cyclonedx-bom>=7,<8"
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --output-file dist/clio-sync.cdx.json

clean:  ## Remove what was built here; data/ stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# What the command needs to run.
$(RUNTIME): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

# The same, and what tests and checks need.
$(DEV): $(RUNTIME) requirements-dev.lock
	$(PIP) --require-hashes --only-binary :all: -r requirements-dev.lock
	touch $@

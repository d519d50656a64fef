# `make serve` and `make test` do all the set-up on a fresh machine with Python 3.11 or newer and make.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# The address of a package index with PyTorch's CPU builds, where the machine's own has none.
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet
# On Linux x86-64 a plain `torch` is a CUDA build of several GB: only the CPU build, named by its suffix, will do.
TORCH := $(if $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)),torch==2.13.0+cpu,torch==2.13.0)
INDEX_OPTION := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: serve test gate check quick index screenshots format clean

serve: $(VENV)/installed index
	@echo "procqa answers at http://$(HOST):$(PORT)/ (stop with Ctrl-C)"
	@$(BIN)/procqa serve --host $(HOST) --port $(PORT)

# Builds what is missing or stale, and nothing when the pages have not changed.
index: $(VENV)/installed
	@$(BIN)/procqa index build corpus

test: check
	$(BIN)/python -m pytest
	@$(MAKE) --no-print-directory gate

# The dev questions, asked of the shipped pages: fails when a figure falls below its floor.
gate: $(VENV)/installed-dev index
	$(BIN)/procqa eval run --gold eval/gold-dev.jsonl --out eval/runs/smoke --fresh --gate eval/smoke-gate.json

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python corpus/check.py

# Only what runs without the real encoder and without a browser.
quick: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "not model and not data and not browser"

# The pictures of the README, by the machine's own Chromium or Chrome.
screenshots: $(VENV)/installed-dev index
	$(BIN)/python -m benchmarks.widget.screenshots --index index --out docs/screenshots

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/torch:
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) $(INDEX_OPTION) "$(TORCH)" || { \
	  echo "No CPU build of PyTorch was found. Give the address of PyTorch's CPU package index:" \
	       "make $(MAKECMDGOALS) TORCH_INDEX=..."; exit 1; }
	@touch $@

$(VENV)/installed: $(VENV)/torch pyproject.toml
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(PIP) --editable ".[dev,office,eval,benchmarks,otel,train]"
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

.DEFAULT_GOAL := help
SHELL := bash
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3
# A CUDA machine: make setup TORCH_ARGS="--index-url URL-OF-A-CUDA-BUILD" (see docs/installing.md)
TORCH_ARGS ?=
STAMP := $(VENV)/.ready

.PHONY: help setup fix check test test-unit test-all demo bench docs changes pins advisories clean

help: ## list the chores
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@echo "setup 1/3: the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "setup 2/3: torch, the largest download"
	@$(BIN)/python -m pip install -q $(TORCH_ARGS) "$$(grep '^torch==' constraints.txt)"
	@echo "setup 3/3: ablate and its other libraries, as constraints.txt pins them: a minute or two"
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,docs,notebook]'
	@touch $@

setup: $(STAMP) ## make .venv and install the pinned dependencies

fix: $(STAMP) ## format, repair what ruff can repair, write the table of members
	$(BIN)/ruff format . && $(BIN)/ruff check --fix -q .
	$(BIN)/python -m ablate.settings.members

check: $(STAMP) ## style, types, import direction, spelling, unused dependencies
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>&1 | tail -12; exit $${PIPESTATUS[0]}
	$(BIN)/codespell ablate docs studies search_spaces README.md CHANGELOG.md CONTRIBUTING.md
	$(BIN)/deptry .

test: $(STAMP) ## the default tests, under 10 minutes on 2 cores
	$(BIN)/python -m pytest -n 3 -m "not slow" --durations=5

test-unit: $(STAMP) ## tests without processes and stores, under a minute
	$(BIN)/python -m pytest -n 2 -m "not slow and not e2e"

test-all: $(STAMP) ## every test, with the reasons of what was skipped
	$(BIN)/python -m pytest -n 2 -rs

demo: $(STAMP) ## the quickstart study: trials, MLflow, report
	$(BIN)/ablate demo

# the others are started alone, see benchmarks/: they take minutes, a browser or an environment
BENCHES := cli metrics loss data design resume report harness
bench: $(STAMP) ## the quick benchmarks, under 5 minutes, and docs/performance.md
	@for name in $(BENCHES); do OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.$$name || exit 1; done
	@$(BIN)/python -m benchmarks.page

docs: $(STAMP) ## write the generated pages, build build/docs/index.html
	$(BIN)/python docs/cli_page.py && $(BIN)/python -m docs.reference_pages
	$(BIN)/mkdocs build -q --strict -f docs/site/mkdocs.yml
	@echo build/docs/index.html

changes: $(STAMP) ## what the next release says; VERSION=1.2.3 writes it into CHANGELOG.md
	@$(BIN)/towncrier build $(if $(VERSION),--yes --version $(VERSION),--draft --version next)

# UPGRADE="--upgrade-package mlflow" renews one; UPGRADE= adds what pyproject.toml newly asks for
UPGRADE ?= --upgrade
UNPINNED := nvidia-|cuda-|triton==|atheris==|uv==|pip==|setuptools==
pins: ## the newest versions that pyproject.toml allows, into constraints.txt
	@mkdir -p build && cp constraints.txt build/constraints.txt
	@$(PYTHON) -m venv build/pins && build/pins/bin/python -m pip install -q 'uv>=0.13'
	@build/pins/bin/uv pip compile -q $(UPGRADE) --all-extras --python-version 3.11 \
	  --no-header --no-annotate pyproject.toml -o build/constraints.txt
	@grep -vE '^($(UNPINNED))' build/constraints.txt > build/pins.txt && cp build/pins.txt constraints.txt
	@git --no-pager diff --stat -- constraints.txt || true

advisories: ## known advisories of the pinned versions, where a database can be reached
	@$(PYTHON) -m venv build/advisories
	@build/advisories/bin/python -m pip install -q -c constraints.txt 'pip-audit>=2.10' 2> /dev/null || true
	@build/advisories/bin/python .ci/advisories.py constraints.txt

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

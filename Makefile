# Every chore of the project. Nothing here needs node, docker, a compiler or root.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
EXTRAS ?=
JOBS   ?= 2
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test check format install soak bench docs page lock clean

help:
	@echo "make demo    run the heart world live and print the page's address (ARGS=--fast: its story, in simulated time)"
	@echo "make test    run the whole test suite"
	@echo "make check   format, lint, types, layering, docs, duplicates: before every commit"
	@echo "make install EXTRAS=industrial,fmi    add optional extras"
	@echo "make bench   measure the promises beside their peers (ARGS='fork what-if')"
	@echo "make soak    the long runs: a thousand kills, five hundred power cuts on a mount, coverage over many seeds"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pollux needs Python 3.11 or later; set PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3 cannot make an environment: install the package python3-venv (Debian: apt install python3-venv)"; exit 1; }

$(VENV)/core.stamp: $(VENV)/bin/python requirements/core.txt pyproject.toml
	@echo "setting up .venv: about 400 MB, once"
	@$(PIP) --require-hashes --requirement requirements/core.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp requirements/dev.txt
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@touch $@

demo: $(VENV)/core.stamp
	@$(BIN)/pollux demo $(ARGS)

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadgroup -rs -m "not soak" $(ARGS)
	@test -n "$(ARGS)" || $(BIN)/python -m pytest -q docs

soak: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -m soak --timeout=14400 -rs $(ARGS)

bench: $(VENV)/dev.stamp
	@$(BIN)/pollux bench $(ARGS)

install: $(VENV)/core.stamp
	@test -n "$(EXTRAS)" || { echo "name the extras: make install EXTRAS=industrial,fmi"; exit 2; }
	@$(PIP) --no-build-isolation --editable ".[$(EXTRAS)]"

check: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check src tests examples docs
	@$(BIN)/ruff check src tests examples docs
	@$(BIN)/mypy
	@$(BIN)/pyright --warnings
	@$(BIN)/pyright --warnings --project tests/typing/basic.json
	@$(BIN)/lint-imports
	@$(BIN)/python docs/build.py --check
	@$(BIN)/python tests/house/duplicates.py
	@$(BIN)/python -m pytest -q docs tests/typing tests/mission/test_readme.py

format: $(VENV)/dev.stamp
	@$(BIN)/ruff format src tests examples docs
	@$(BIN)/ruff check --fix src tests examples docs

docs: $(VENV)/dev.stamp
	@$(BIN)/python docs/build.py

page:
	@cd web && npm ci --ignore-scripts && npx vite build

lock: $(VENV)/dev.stamp
	@$(BIN)/python requirements/lock.py

clean:
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# ntpd112: one command each. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test unit lint format bench image clean distclean

VENV := .venv/bin
SOURCES := src tests bench
# Tests at a time: on two cores two would leave them idle, since calls mostly wait. Whoever is done takes over from
# the others. One test alone, with all it says: .venv/bin/python -m pytest -k NAME
TESTS_AT_A_TIME ?= 3
unexport PYTHONDONTWRITEBYTECODE # some images set it: each start of Python would compile our sources anew
PYTEST := $(VENV)/python -m pytest -n $(TESTS_AT_A_TIME) --dist worksteal

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

run: ## start the call centre with simulated callers and operators (Ctrl-C ends it)
	@scripts/make-venv.sh
	@$(VENV)/ntpd112 demo

test: ## everything: formatting, lint, types, unit tests, calls through real peers
	@scripts/find-python.sh >/dev/null # of apt's work Python comes first: what follows is done at once
	@scripts/install-test-tools.sh & tools=$$!; \
	made=0; scripts/make-venv.sh dev,softphone || made=$$?; \
	wait $$tools; exit $$made
	@$(MAKE) --no-print-directory .lint
	@$(PYTEST)

unit: ## the fast part of the tests, without other programs
	@scripts/make-venv.sh dev
	@$(PYTEST) -m "not e2e"

lint: ## formatting, lint and types only
	@scripts/make-venv.sh dev
	@$(MAKE) --no-print-directory .lint

.PHONY: .lint
.lint:
	@$(VENV)/ruff format --check $(SOURCES)
	@$(VENV)/ruff check $(SOURCES)
	@$(VENV)/mypy --explicit-package-bases src tests bench

format: ## format the sources and mend what lint can mend
	@scripts/make-venv.sh dev
	@$(VENV)/ruff check --fix $(SOURCES)
	@$(VENV)/ruff format $(SOURCES)

bench: ## measure: a centre's days, load beside Asterisk's Queue(), the relay, a call's CPU, matching, abuse
	@scripts/install-test-tools.sh gcc libc6-dev
	@scripts/make-venv.sh dev
	@$(VENV)/python -m bench.simulator
	@$(VENV)/python -m bench.simulator --staff
	@$(VENV)/python -m bench.load
	@$(VENV)/python bench/relay.py
	@$(VENV)/python bench/sip_core.py
	@$(VENV)/python bench/call_cost.py
	@$(VENV)/python bench/matching.py
	@$(VENV)/python bench/abuse.py
	@$(VENV)/python bench/memory.py
	@$(VENV)/python -m bench.following
	@$(VENV)/python -m bench.databases
	@$(VENV)/python -m bench.reports

image: ## build the container image ntpd112 (with podman or docker)
	@if command -v podman >/dev/null; then podman build --format docker -t ntpd112 .; \
	elif command -v docker >/dev/null; then docker build -t ntpd112 .; \
	else echo "podman or docker is needed"; exit 1; fi

clean: ## remove caches and what tests and builds left
	rm -rf build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## also the virtual environment
	rm -rf .venv src/*.egg-info

# Everything a person or CI runs. `make` alone lists it.
# PYTHON=python3.12 picks the interpreter of .venv; PROFILE=... what `make demo` rehearses.

BIN := .venv/bin
PROFILE ?= profiles/api-errors.yaml
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help install venv exporters bugsink demo demo-live test accept check golden dashboards bench lock clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

install: venv ## .venv from the lock, Prometheus and Alertmanager where PATH has none
	@sh setup/servers.sh
	@sh setup/kernels.sh

venv:
	@sh setup/venv.sh

exporters: # what the catalogue is compared with, where PATH has none
	@sh setup/exporters.sh

bugsink: venv # a server that takes reports as Sentry does, in an environment of its own
	@sh setup/bugsink.sh

demo: install ## rehearse one incident in virtual time: which alerts fired, how fast, who was notified
	@$(BIN)/crybsim rehearse $(PROFILE)

demo-live: install ## the same in real time, with load on the reference API (four minutes)
	@$(BIN)/crybsim rehearse $(PROFILE) --mode live

test: install exporters check ## check, then every test but the acceptance runs (under 12 minutes)
	@$(BIN)/python -m pytest -m "not accept" -n 3 --dist loadfile --ignore tests/rehearsals
	@$(BIN)/python -m pytest -m "not accept" tests/rehearsals

accept: install bugsink ## the acceptance runs (under 45 minutes)
	@$(BIN)/python -m pytest -m accept -n 2 --dist loadfile
	@$(BIN)/python -m pytest -m "hypothesis and not accept" -n 2 --dist loadfile --hypothesis-profile explore

check: venv ## format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

golden: venv ## rewrite tests/fingerprints (one per shipped profile), show what changed
	@$(BIN)/python -m tests.fingerprints.samples
	@git --no-pager diff -- tests/fingerprints

dashboards: venv ## rewrite monitoring/grafana/dashboards from dashboards/, show what changed
	@$(BIN)/python -m dashboards
	@git --no-pager diff --stat -- monitoring/grafana/dashboards

bench: venv ## the benchmarks in bench/
	@for script in bench/*.py; do $(BIN)/python "$$script" || exit 1; done

lock: ## requirements.lock anew from pyproject.toml (UPGRADE=1 takes the newest versions)
	@sh setup/lock.sh $(if $(UPGRADE),--upgrade)

clean: ## remove what make made: environment, servers, caches (run folders stay)
	rm -rf .venv .tools build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

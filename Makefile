# `make run` and `make test` are all a newcomer needs; the rest is for those who change the project.
# Stamp files in .make/ remember what is installed: a second run costs nothing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
UV ?= $(CURDIR)/.tools/bin/uv
# Processes that run tests side by side, a file each; the first files are the longest.
WORKERS ?= 2
BIN := .venv/bin
ENGINE := .venv-engine/bin/python
export WAYMARK_DEMONSTRATION ?= true

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-15s %s\n", $$1, $$2}'

run: setup ## set up what is missing and start everything (Ctrl-C stops it)
	@$(BIN)/waymark up

run-many: setup ## the same with two web processes, three workers, two Rasa processes and two action servers
	@WAYMARK_PROCESSES=web=2,worker=3,engine=2,actions=2 $(BIN)/waymark up

test: setup .make/dev check train ## check the code, then pass all tests
	@env -u WAYMARK_DEMONSTRATION $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(TESTS)

evaluate: train ## measure understanding, beside Rasa's own pipeline; writes docs/understanding.md
	@$(BIN)/python -m benchmarks.understanding

bench-directory: setup ## measure the directory (BENCH="--queries": on ready copies); writes docs/directory-performance.md
	@$(BIN)/python -m benchmarks.directory $(BENCH)

bench: train .make/dev ## measure the whole line beside stock Rasa, in one run of half an hour; writes docs/performance.md, docs/scale.md (BENCH="--go-on")
	@$(BIN)/python -m benchmarks.line $(BENCH)

bench-desk: setup .make/dev ## measure the queue with ten thousand open cases (BENCH="--queue": only that); writes docs/desk-performance.md
	@$(BIN)/python -m benchmarks.desk $(BENCH)

chaos: train .make/dev ## kill and disturb a whole line under load; writes docs/reliability.md (SIZE="--many --messages 2000 …", SEED=…)
	@$(BIN)/python -m benchmarks.chaos $(SIZE) $(if $(SEED),--seed $(SEED))

fuzz: setup .make/dev ## broken input for every parser of outside input (SECONDS=120); what is found goes to tests/corpus
	@$(BIN)/python -m benchmarks.fuzz --seconds $(or $(SECONDS),120)

record-release: setup .make/dev ## what this version says to its database, for the tests of the next one's migrations
	@env -u WAYMARK_DEMONSTRATION $(BIN)/python -m pytest -q -p tests.releases.recording $$($(BIN)/python -c "from tests.releases.recording import STORIES; print(*STORIES)")

sbom: setup ## the bill of materials (build/waymark.cdx.json) and the list of licences, from the locks
	@$(BIN)/python -m benchmarks.sbom

pictures: setup .make/dev ## take the pictures of every page of the desk for the manual (docs/desk-pages.md)
	@WAYMARK_PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest -q tests/integration/desk/test_desk_every_page.py
	@$(ENGINE) tests/shrink_pictures.py docs/pictures

check: setup .make/dev ## lint, types, layers
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo > .make/lint-imports.log 2>&1 || { cat .make/lint-imports.log; exit 1; }

format: .make/dev ## put the code into its format
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

train: setup ## train the model, if its sources changed
	@$(BIN)/waymark train

setup: .make/app .make/engine ## both Python environments, from their locks

lock: .make/tools ## pin both environments anew; fails if an address gets into a lock file
	$(UV) pip compile --quiet --upgrade --python-version 3.12 requirements-tools.in -o requirements-tools.txt
	$(UV) pip compile --quiet --upgrade --python-version 3.12 --override overrides.txt requirements.in -o requirements.txt
	$(UV) pip compile --quiet --upgrade --python-version 3.12 --override overrides.txt -c requirements.txt requirements.in requirements-dev.in -o requirements-dev.txt
	cd bot/engine && $(UV) pip compile --quiet --upgrade --python-version 3.10 --override overrides.txt requirements.in -o requirements.txt
	@$(MAKE) --no-print-directory check-locks

check-locks:
	@! grep -nE '://|--(extra-)?index-url|--find-links' requirements*.txt bot/engine/requirements.txt \
		|| { echo "A lock file holds an address: it would tie everybody to one registry."; exit 1; }

.make/tools: requirements-tools.txt
	@mkdir -p .make
	@echo "… the installer (uv)"
	@test -x .tools/bin/python || $(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt
	@touch $@

.make/app: .make/tools requirements.txt pyproject.toml
	@echo "… the application's environment (Python 3.12)"
	@test -x $(BIN)/python || $(UV) venv --quiet .venv
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

.make/dev: .make/app requirements-dev.txt
	@echo "… the tools of the tests"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

.make/engine: .make/tools bot/engine/requirements.txt
	@echo "… Rasa's environment (Python 3.10, 2.5 GB: this takes a while the first time)"
	@test -x $(ENGINE) || (cd bot/engine && $(UV) venv --quiet ../../.venv-engine)
	@cd bot/engine && $(UV) pip install --quiet --python ../../$(ENGINE) --require-hashes --no-deps -r requirements.txt
	@touch $@

clean: ## remove what was built and installed, not the data in .waymark
	rm -rf .venv .venv-engine .tools .make models .mypy_cache .ruff_cache .pytest_cache

.PHONY: help run test evaluate bench bench-directory bench-desk chaos fuzz pictures sbom check check-locks format train setup lock clean

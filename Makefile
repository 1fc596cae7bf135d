# What a developer does daily. Needs Python 3.11, make and git; everything else is installed into .venv.
PYTHON ?= python3.11
BIN := .venv/bin
SETUP := .venv/.installed
SETUP_SPARK := .venv-spark/.installed

.DEFAULT_GOAL := help
.PHONY: help setup setup-spark demo dagster test test-long test-contracts test-spark bench-ingest bench-activation bench-journey event-contract exposures lint hooks format lock clean

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(SETUP) ## Install everything into .venv (once, and after the lock has changed)

$(SETUP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(SETUP)

setup-spark: $(SETUP_SPARK) ## Install all that and Spark into .venv-spark, and Java (docs/spark.md)

$(SETUP_SPARK): requirements-spark.lock pyproject.toml
	@sh lake/install-java.sh
	@test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark
	@echo "Installing the locked dependencies and Spark into .venv-spark ..."
	@.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements-spark.lock
	@.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(SETUP_SPARK)

demo: setup ## See the whole river: land, decide, write back, explain
	@$(BIN)/millrace demo

dagster: setup ## See and run the river in Dagster, on http://127.0.0.1:3000, until Ctrl-C
	@$(BIN)/python -m orchestration.dev

test: setup ## Unit, property, dbt and end-to-end tests on the embedded PostgreSQL
	@$(BIN)/python -m pytest tests -m "not long" --ignore=tests/contracts --ignore=tests/spark --numprocesses 3 --dist worksteal

test-long: setup ## The long property runs: a build killed at every statement, ...
	@$(BIN)/python -m pytest tests -m long --ignore=tests/spark --numprocesses 2 --dist worksteal

test-contracts: setup ## Check simulators, sources and writers against the vendors' API descriptions
	@$(BIN)/python -m pytest tests/contracts --numprocesses 2 --dist worksteal

test-spark: setup-spark ## Build the models on a Spark cluster of this machine's own and compare every row with PostgreSQL
	@sh lake/install-java.sh
	@.venv-spark/bin/python -m pytest tests/spark

bench-ingest: setup ## How fast events land, beside plain COPY and dlt (EVENTS=1000000)
	@$(BIN)/python -m benchmarks.ingest --events $(or $(EVENTS),1000000)

bench-activation: setup ## What a sync costs, beside drt and plain SQL (ROWS=1000000 COMPANIES=100000)
	@$(BIN)/python -m benchmarks.activation --rows $(or $(ROWS),1000000) --companies $(or $(COMPANIES),100000)

bench-journey: setup ## What the company journey costs, beside one company at a time (COMPANIES=1000000)
	@$(BIN)/python -m benchmarks.journey --companies $(or $(COMPANIES),1000000)

event-contract: setup ## Write what events must look like to docs/, as a JSON Schema and as a table
	@$(BIN)/python -m ingestion.events.published_contract

exposures: setup ## Write the syncs as dbt exposures to models/activation/exposures.yml
	@$(BIN)/python -m activation.exposures

lint: setup ## ruff, mypy, sqlfluff, the dialect and the layer lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.lint.dialect
	@$(BIN)/python -m tests.lint.layers
	@$(BIN)/millrace db start
	@$(BIN)/sqlfluff lint --processes 2 models tests/assertions

hooks: setup ## Check every commit in seconds (pre-commit)
	@$(BIN)/pre-commit install

format: setup ## Format Python and SQL
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix models tests/assertions

lock: setup ## Resolve pyproject.toml anew into requirements.lock (needs uv)
	uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header --output-file requirements.lock
	uv pip compile pyproject.toml --extra dev --extra spark --constraint requirements.lock --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header --output-file requirements-spark.lock

clean: ## Stop the embedded server and remove what was installed and built; data in .millrace stays
	@-$(BIN)/millrace db stop
	rm -rf .venv .venv-spark target logs dbt_packages .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

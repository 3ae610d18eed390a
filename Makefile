# `make help` lists the targets. PYTHON chooses the interpreter that makes the virtual environment.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
BIN := .venv/bin
# Bytecode is kept also where the environment forbids it: each of hundreds of processes would compile the same files.
export PYTHONDONTWRITEBYTECODE :=
# Node.js is in .venv only where the machine has none that is new enough.
NPM := PATH="$$([ -x $(BIN)/node ] && echo $(CURDIR)/$(BIN):)$$PATH" npm --prefix frontend --silent
# These start servers and train. A browser draws with the processor, so its tests run by themselves, two at a time.
PLATFORM_TESTS := tests/integration tests/chaos tests/docs
HEAVY_TESTS := $(PLATFORM_TESTS) tests/e2e
DEMO_HOME ?= .fedsm
DEV_PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help images setup setup-test setup-pages demo demo-3d demo-hospitals up dev test test-one lint lint-python lint-pages format typecheck typecheck-python typecheck-pages test-frontend test-unit test-platform test-databases test-fuzz test-speed test-gpu dist site-archive predict-wheel lock test-compose bench bench-methods bench-gap openapi screenshots clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup: ## Install everything that running needs, into .venv and frontend/
	@$(PYTHON) scripts/setup.py run

# `+`: what it says comes at once, also where several targets are made at a time.
setup-test: ## Install what the tests need too, a browser and PostgreSQL among it
	+@$(PYTHON) scripts/setup.py test

setup-pages: # What the checks of the pages need, which begin while Python's packages are installed
	+@$(PYTHON) scripts/setup.py pages

demo: setup ## Start the platform with four simulated sites and train FedSM and three other methods
	@exec $(BIN)/fedsm demo --home $(DEMO_HOME)

demo-3d: setup ## The second demo: volumes of prostate MR at four simulated hospitals
	@exec $(BIN)/fedsm demo --volumes --home $(DEMO_HOME)

demo-hospitals: setup ## A hub and three hospitals on this machine, with TLS: from invitation to a finished FedSM run
	@PYTHONPATH=. $(BIN)/python scripts/demo_hospitals.py $(DEMO_HOME)-hospitals

up: setup ## Start the platform without the demo's content
	@exec $(BIN)/fedsm up --home $(DEMO_HOME)

dev: setup-test ## Start the platform for work on it: backend and worker start again, the pages reload, when code changes
	@$(BIN)/fedsm up --reload --port $(DEV_PORT) --home $(DEMO_HOME) & \
	trap 'wait' EXIT; FEDSM_BACKEND_URL=http://127.0.0.1:$(DEV_PORT) $(NPM) run dev

test: ## All checks and tests (but those that need a GPU or a quiet machine)
	@$(MAKE) --no-print-directory -k -j2 -O setup-test test-frontend typecheck-python lint-python lint-pages typecheck-pages
	@$(MAKE) --no-print-directory test-unit
	@$(MAKE) --no-print-directory test-platform

lint: lint-python lint-pages ## Ruff, import contracts, biome, size of the pages, fresh generated client

lint-python: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m backend.openapi | cmp - frontend/openapi.json || { echo "frontend/openapi.json is stale. Remedy: make openapi"; exit 1; }

lint-pages: setup-pages
	$(NPM) run lint
	$(NPM) run check:bundle
	$(NPM) run check:generated

typecheck: typecheck-python typecheck-pages ## mypy and tsc

typecheck-python: setup-test
	$(BIN)/mypy

typecheck-pages: setup-pages
	$(NPM) run typecheck

test-frontend: setup-pages ## The frontend's component and logic tests
	$(NPM) run test

test-unit: setup-test ## Tests of engine, data sets and backend; the backend's on SQLite, PostgreSQL or both
	$(BIN)/pytest -n 3 --dist worksteal --durations=40 -m "not gpu and not speed" tests $(addprefix --ignore=,$(HEAVY_TESTS)) --ignore=tests/compose

test-platform: setup-test ## Tests with real worker processes, killed processes, the REST guide and a real browser
	$(BIN)/pytest -n 3 --dist loadfile --durations=40 -m "not gpu and not speed" $(PLATFORM_TESTS)
	$(BIN)/pytest -n 2 --dist loadfile --durations=40 -m "not gpu and not speed" tests/e2e

test-one: setup-test ## One test, file or folder: make test-one T=tests/worker/engine/test_aggregation.py
	$(BIN)/pytest $(T)

test-databases: setup-test ## Every test of the backend on SQLite and on PostgreSQL, where `make test` runs most of them on one
	FEDSM_TEST_EVERY_DATABASE=1 $(BIN)/pytest -n 3 --dist worksteal -m "not gpu and not speed" tests/backend

test-fuzz: setup-test ## Twenty times the hostile requests that `make test` sends to every route
	FEDSM_TEST_FUZZ_EFFORT=20 $(BIN)/pytest tests/backend/test_fuzz.py

test-speed: setup-test ## Tests that hold a limit on a clock; on a machine that does nothing else
	FEDSM_SPEED=1 $(NPM) run test -- rescore
	$(BIN)/pytest -m speed tests

test-gpu: setup-test ## Tests that need an NVIDIA GPU; elsewhere each says that it is skipped, and why
	$(BIN)/pytest -m gpu tests

images: ## Build the images for docker compose, with the commit in their version
	FEDSM_COMMIT=$$($(PYTHON) backend/version.py) docker compose build
	FEDSM_COMMIT=$$($(PYTHON) backend/version.py) docker compose --file docker-compose.site.yml build agent

dist: setup-test ## One wheel with the pages inside, its source archive, and the locks for it, in dist/
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || date +%s) $(BIN)/python -m build --no-isolation --outdir dist . >dist.log || { tail -30 dist.log; exit 1; }
	cp requirements.lock requirements-cpu.lock requirements-cuda.lock dist/
	@rm dist.log; ls -l dist

site-archive: dist ## One signed file from which a hospital without a network installs: KEY=FILE of the hub's server-key, CUDA=1
	$(BIN)/python -m scripts.site_archive dist --key $(or $(KEY),.fedsm/server-key) $(if $(CUDA),--cuda)

predict-wheel: setup-test ## A wheel of `fedsm-predict` alone, without the platform, in dist/
	$(BIN)/python scripts/predict_wheel.py dist

lock: setup-test ## Write requirements*.lock from pyproject.toml; UPGRADE=1 takes the newest versions
	$(BIN)/python scripts/lock.py $(if $(UPGRADE),--upgrade)

test-compose: setup-test ## Build the images and take a run through docker compose (needs Docker)
	$(BIN)/pytest tests/compose

bench: setup-test ## Compare the platform with a plain PyTorch loop
	$(BIN)/python -m benchmarks.rounds

bench-methods: setup-test ## Every method on the synthetic sites, and on VESSELS=FOLDER of real ones: one table, about an hour
	$(BIN)/python -m benchmarks.methods $(if $(VESSELS),--vessels $(VESSELS))

bench-gap: setup-test ## What closes the gap to centralized training: the options, the gap taken apart and the goal, on all sites; hours
	$(BIN)/python -m benchmarks.gap --on synthetic near-fundus fundus demo prostate $(if $(VESSELS),vessels --vessels $(VESSELS))

format: setup-test ## Format Python and TypeScript
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NPM) run format

openapi: ## Regenerate the API schema and the frontend's client, after make setup-test
	$(BIN)/python -m backend.openapi > frontend/openapi.json.new && mv frontend/openapi.json.new frontend/openapi.json
	$(BIN)/python -m backend.tables > frontend/src/api/tables.json
	$(BIN)/python -m backend.tables guide
	PYTHONPATH=. $(BIN)/python scripts/hospital_tables.py
	$(NPM) run generate

screenshots: setup-test ## Take the pictures in docs/screens, of both demos, made where they are missing
	@PYTHONPATH=. $(BIN)/python scripts/screenshots.py $(DEMO_HOME)

clean: ## Remove what setup made; the platform's data in .fedsm stays
	rm -rf .venv frontend/node_modules frontend/dist frontend/.setup .setup.lock build dist

# Commands for the template itself. They need Python 3.12 or newer; `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

TEMPLATE := <<cookiecutter.project_slug>>
TOOLS := $(CURDIR)/.venv/bin
GENERATE := $(TOOLS)/cookiecutter . --no-input --default-config --output-dir
ON_HOST := RUN_IN=host PATH="$(TOOLS):$$PATH"

.PHONY: help
help: ## List the commands
	@sed -nE 's/^([a-z.-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 20

.PHONY: demo
demo: .venv/complete ## Generate a default project and serve it on this machine
	@$(MAKE) --no-print-directory stop-demo
	$(GENERATE) build/demo
	cd build/demo/my_site && $(ON_HOST) fab setup && $(ON_HOST) fab start && $(ON_HOST) fab status
	@echo 'To stop it: make stop-demo'

.PHONY: stop-demo
stop-demo: .venv/complete ## Stop the demo and delete its project
	@if [ -d build/demo/my_site ]; then cd build/demo/my_site && $(ON_HOST) fab stop; fi
	@rm -rf build/demo

.PHONY: test
test: .venv/complete ## Run the quick tests, which need only Python, git and make
	$(TOOLS)/pytest --numprocesses auto --dist worksteal

.PHONY: tools
tools: .venv/complete ## Install the programs that the other tests need (apt-get; prints Homebrew's commands elsewhere)
	@python3 -m tools.programs install

# Report missing programs before installing or running anything.
needs-%:
	@python3 -m tools.programs check $*

.PHONY: test-browser
test-browser: needs-browser .venv/complete ## Test the pages in Chromium
	$(TOOLS)/pytest -m browser --numprocesses auto --dist loadfile

.PHONY: test-services
test-services: needs-services .venv/complete ## Test projects with real servers and tools: Redis, SSH, SMTP, pipx
	$(TOOLS)/pytest -m services --numprocesses auto --dist loadfile

.PHONY: test-update
test-update: .venv/complete ## Test updates of projects from earlier releases
	$(TOOLS)/pytest -m update --numprocesses auto

.PHONY: test-choices
test-choices: needs-choices .venv/complete ## Test projects with other answers, which cover each pair of answers
	$(TOOLS)/pytest -m choices --numprocesses auto --verbose

.PHONY: test-every-choice
test-every-choice: .venv/complete ## Test every combination of the answers that add packages, for a release
	EVERY_CHOICE=true $(TOOLS)/pytest tests/choices/test_checks.py --numprocesses auto --verbose

.PHONY: test-docker
test-docker: needs-docker .venv/complete ## Run the tests on a Docker engine
	$(TOOLS)/pytest -m docker --numprocesses 3 --dist loadfile --no-loadscope-reorder --verbose --durations 15

.PHONY: benchmark
benchmark: .venv/complete ## Measure generation, builds and requests, and write docs/benchmarks.md
	$(TOOLS)/python -m benchmarks

.PHONY: benchmark-pages
benchmark-pages: .venv/complete ## Measure the speed of the pages on a simulated phone, with Lighthouse
	$(TOOLS)/pytest --quiet tests/browser/benchmark_pages.py

.PHONY: lint
lint: .venv/complete ## Check the style, spelling and terms of the template's own code
	$(TOOLS)/ruff format --check
	$(TOOLS)/ruff check
	$(TOOLS)/shellcheck .ci/run
	git ls-files -z | xargs -0 $(TOOLS)/codespell

.PHONY: locks
locks: .venv/complete ## Update the lock files of the template and of new projects to the newest versions
	$(TOOLS)/python -m tools.lock_file --regenerate
	rm -rf build/locks
	$(GENERATE) build/locks
	cd build/locks/my_site && $(ON_HOST) fab lock
	cp build/locks/my_site/package-lock.json '$(TEMPLATE)'
	python3 -B '$(TEMPLATE)/fabfile/poetry.py' lock --regenerate

copier.yml: cookiecutter.json tools/copier_file.py | .venv/complete ## Generate copier.yml from cookiecutter.json
	@$(TOOLS)/python -m tools.copier_file > $@

# The steps before a release, which the test of `make release` skips.
RELEASE_STEPS ?= locks lint test test-browser test-services test-update test-choices test-every-choice test-docker

.PHONY: release
release: ## Update the lock files, run every test, then commit and tag a release
	@python3 -m tools.release check
	@if [ -n '$(RELEASE_STEPS)' ]; then $(MAKE) --no-print-directory $(RELEASE_STEPS); fi
	@python3 -m tools.release write

EXAMPLE ?= build/example

.PHONY: example
example: .venv/complete ## Generate example projects with an index of their files, into build/example or EXAMPLE=FOLDER
	$(TOOLS)/python -m tools.example '$(EXAMPLE)'
	@echo 'The index: $(EXAMPLE)/README.md'

.PHONY: pictures
pictures: needs-browser .venv/complete ## Take the pictures in docs/images: pages in Chromium, and output of commands
	$(TOOLS)/pytest --quiet tests/browser/take_pictures.py

.PHONY: guarantees
guarantees: .venv/complete ## Generate docs/guarantees.md from the tests' docstrings
	$(TOOLS)/python -m tools.guarantees > docs/guarantees.md

.PHONY: clean
clean: ## Delete what these commands created
	@if [ -d build/demo ]; then $(MAKE) --no-print-directory stop-demo; fi
	rm -rf .cache .hypothesis .pytest_cache .ruff_cache .venv build

.venv/complete: poetry.lock
	python3 -B '$(TEMPLATE)/fabfile/poetry.py' sync --no-interaction
	@touch $@

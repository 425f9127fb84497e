# One command for each thing that a newcomer wants. A machine with Python 3.11 or newer, its venv module and make is enough.

# All benchmarks, or some: make bench NAMES="transfers submits"
NAMES ?=

# The first Python that runs and is new enough; another one: make PYTHON=/path/to/python3.13 test
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin

# Tests start hundreds of interpreters: what one has compiled the others read, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

# Tests open thousands of stores, and each waits for the disk: in memory where there is room and programs may run.
IN_MEMORY := $(shell findmnt --noheadings --output OPTIONS /dev/shm 2>/dev/null | grep -qv noexec && \
	df --output=avail --block-size=1G /dev/shm | awk 'NR == 2 && $$1 >= 2 { print "TMPDIR=/dev/shm" }')

# One test more at a time than there are processors, for some wait for processes; one that hangs ends the run.
TESTS := -m pytest --numprocesses $$(($$(nproc) + 1)) --dist worksteal --max-worker-restart 0

.PHONY: pictures demo test test-long check coverage-table bench stories words docs licences sbom clean

demo: $(VENV)/installed-demo
	$(BIN)/franking demo

test: check
	$(IN_MEMORY) $(BIN)/python $(TESTS)

test-long: check
	FRANKING_LONG=1 $(IN_MEMORY) $(BIN)/python $(TESTS) -o faulthandler_timeout=1800 # twenty years take longer than a hang

check: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --num-workers auto -p franking
	$(BIN)/lint-imports
	$(BIN)/franking diagrams --check

coverage-table: $(VENV)/installed-dev
	$(BIN)/python tests/manual_coverage.py

bench: $(VENV)/installed-dev
	$(BIN)/python -m franking.bench $(NAMES)

stories: $(VENV)/installed-dev
	FRANKING_STORIES=rewrite $(BIN)/python -m pytest tests/stories tests/faults/test_submission_faults.py

words: $(VENV)/installed-dev
	$(BIN)/python tests/catalogues.py

# The site stands in build/site, and can be read from there.
docs: $(VENV)/installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

licences: $(VENV)/installed-dev
	$(BIN)/python tests/licences.py

sbom: $(VENV)/installed-dev
	$(BIN)/python tests/bill.py

pictures: $(VENV)/installed-dev
	$(BIN)/python -m franking.tests.engine.panel.pictures

clean:
	rm -rf $(VENV) build dist *.egg-info .hypothesis bench/report.json
	rm -rf .grimp_cache .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Installed again only when pyproject.toml is newer. The link is what mypy reads, see pyproject.toml.
$(VENV)/installed-demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cli,testing]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@mkdir -p $(VENV)/checkout && ln -sfn ../.. $(VENV)/checkout/franking
	@touch $@ $(VENV)/installed-demo

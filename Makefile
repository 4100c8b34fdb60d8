# Everything here starts from a fresh clone on a machine with only make, python3 and its venv module:
# each target first builds the .venv it needs.

VENV := .venv
BIN := $(VENV)/bin
OUT ?= out

# The first Python that is new enough and can make a virtual environment.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)

# CuPy and CUPTI only where there is a driver to use them; cuda12 for drivers before 580.
GPU_EXTRA ?= $(if $(wildcard /proc/driver/nvidia/version),cuda13)
comma := ,
EXTRAS := app$(if $(GPU_EXTRA),$(comma)$(GPU_EXTRA))

PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help demo app test lint style format docs bench screenshots build matrix coverage mutants sbom clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/.extras  ## run every technique on the GPU, or simulated, and draw what happened
	@$(BIN)/timeline demo -o $(OUT) --overwrite
	@echo "pictures: $(OUT)/*.svg; all of it in the browser: make app TRACES=$(OUT)"

app: $(VENV)/.extras  ## open the dashboard on the recorded samples, or on TRACES
	@$(BIN)/timeline app $(TRACES)

# Tests start hundreds of Python processes, which are quicker with compiled modules; types are checked
# beside them.
test: style  ## everything that CI checks
	@$(BIN)/mypy & types=$$!; \
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n 2 --dist worksteal $(PYTEST_ARGS); tests=$$?; \
	wait $$types && exit $$tests

lint: style  ## ruff and mypy
	@$(BIN)/mypy

style: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.dev  ## let ruff repair what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.dev  ## build the documentation into site/; warnings are errors
	@$(BIN)/sphinx-build -W --keep-going --jobs 2 --quiet -c docs . site
	@echo "documentation: site/index.html"

bench: $(VENV)/.dev  ## run every benchmark; those that lack a GPU say so
	@for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; $(BIN)/python "$$script" || test $$? -eq 3 || exit 1; done

screenshots: $(VENV)/.dev  ## draw the dashboard's pictures for the documentation
	@$(BIN)/python tools/screenshots.py

build: $(VENV)/.release  ## build the sdist and the wheel into dist, and check and install them
	@rm -rf dist
	@$(BIN)/python -m tools.distribution -o dist
	@$(BIN)/python -m tools.distribution_check dist

matrix: $(VENV)/.release  ## test every Python with the lowest and the newest packages
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m tools.matrix --out benchmarks/results/matrix.json
	@$(BIN)/python tools/quality_page.py

coverage: $(VENV)/.release  ## count the branches that the tests take where the semantics are
	@$(BIN)/python -m tools.branches --out benchmarks/results/coverage.json
	@$(BIN)/python tools/quality_page.py

mutants: $(VENV)/.release  ## change the code in small ways, and see that the tests notice
	@$(BIN)/python -m tools.mutants --out benchmarks/results/mutants.json
	@$(BIN)/python tools/quality_page.py

sbom: $(VENV)/.release  ## list the dependencies with their licences in docs/dependencies.md
	@$(BIN)/python -m tools.dependencies_page

clean:  ## remove what the targets made
	rm -rf $(VENV) $(OUT) site build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The stamps say which extras of which pyproject.toml are installed.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with venv found;" \
		"on Debian: apt-get install python3 python3-venv" >&2; exit 3; }
	@echo "building $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.extras: pyproject.toml | $(BIN)/python
	@echo "installing timeline[$(EXTRAS)] into $(VENV)"
	@$(PIP) --editable '.[$(EXTRAS)]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "installing timeline[dev] into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.extras

$(VENV)/.release: pyproject.toml $(VENV)/.dev
	@echo "installing timeline[release] into $(VENV)"
	@$(PIP) --editable '.[release]'
	@touch $@

# Everything a newcomer needs: `make demo` and `make test` work alone, in either order, in a clean clone.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= auto
READY  := $(VENV)/.ready

export SDL_VIDEODRIVER ?= dummy
export PYGAME_HIDE_SUPPORT_PROMPT ?= 1
export NO_MKDOCS_2_WARNING ?= 1

.PHONY: help demo demo-6x6 gallery test slow kernels web docs serve-docs lint format wheel release-check clean
.DEFAULT_GOAL := help

help:            ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)   ## data, training, evaluation and pictures, end to end on this machine (two to four minutes)
	$(BIN)/python -m examples.demo

demo-6x6: $(READY) ## the same for 6x6 Sudoku with 14 clues (about 5 minutes)
	$(BIN)/python -m examples.demo --only sudoku-6x6

gallery: $(READY) ## the pictures of docs/watch.md (two minutes); examples.demo --gallery shows every shipped model
	$(BIN)/python -m examples.gallery

test: $(READY)   ## the whole test suite
	$(BIN)/python -m pytest --numprocesses $(JOBS)

slow: $(READY)   ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

kernels: $(READY) ## those for a GPU, tested on any machine in Triton's interpreter, which it installs (190 MB)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[agents,kernels]"
	$(BIN)/python -m pytest tests/agents/models/test_fused.py

web: $(READY)    ## build and test the page that air-envs web puts models into (needs Node 20)
	@command -v npm >/dev/null || { echo "make web: no npm, expected Node 20 or later"; exit 1; }
	$(BIN)/python -c "from air_envs.drawing.theme import to_json; print(to_json(), end='')" > web/src/theme.json
	cd web && npm ci --no-audit --no-fund && npm run build && npm test

docs: $(READY)   ## build the documentation site into build/site, and check its links
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	@if [ -d web/dist ]; then $(BIN)/air-envs web sudoku-extreme maze-9x9 sudoku-any@sudoku-4x4 --output build/think --overwrite; \
		else echo "the site is without the page that thinks: no web/dist, which make web builds"; fi
	$(BIN)/python -m mkdocs build --quiet

serve-docs: $(READY) ## show the site at http://localhost:8000, built again when a page changes
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	$(BIN)/python -m mkdocs serve

lint: $(READY)   ## linter, formatter check, type checkers, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@if [ -d web/node_modules ]; then cd web && npm run --silent check; \
		else echo "web/ is not checked: no web/node_modules, which make web installs"; fi

format: $(READY) ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if [ -d web/node_modules ]; then cd web && npm run --silent format; fi

wheel: $(READY)  ## build the wheel into dist/
	$(BIN)/python -m build --wheel

release-check: $(READY) ## build, install and use what would be uploaded: wheel and source distribution
	$(BIN)/python -m tools.release_check

clean:           ## remove the virtual environment and everything built
	rm -rf $(VENV) build dist demo *.egg-info web/node_modules web/dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# Versions are pinned in constraints.txt. On Linux, PyPI's torch brings CUDA along; the README says how to do without.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[agents,dev]"
	@touch $@

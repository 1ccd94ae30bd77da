# The two commands that matter: `make explore` and `make test`. Each sets everything up first.
PYTHON ?= python3
STAMP := .venv/.installed

.PHONY: help install explore test bench reproduce soak screenshots browser clean

help: ## what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 14

explore: install ## serve the explorer's page; flags go in ARGS="--port 8888"
	@.venv/bin/lottery explore $(ARGS)

test: browser ## style, types and tests; flags of pytest go in ARGS="-k masks"
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: install ## measure speed and latency; flags of lottery bench go in ARGS="--whole"
	.venv/bin/lottery bench $(ARGS)
	.venv/bin/python -m tests.bench

reproduce: install ## the paper's Figure 4a in small, on full MNIST; ARGS="runs/reproduced" keeps the runs
	.venv/bin/python -m tests.reproduce $(ARGS)

soak: browser ## leave the page alone for an hour and see what grows
	.venv/bin/python -m tests.soak $(ARGS)

screenshots: browser ## take the README's screenshots anew
	.venv/bin/python -m tests.screenshots $(ARGS)

browser: install ## make sure that the tests have a browser
	@.venv/bin/python -m tests.browser.chromium

install: $(STAMP) ## make .venv with the versions of requirements.lock; PYTHON=python3.12 names another Python

# True if $(PYTHON) gets through a statement.
can = $(shell $(PYTHON) -c '$(1)' 2>/dev/null && echo yes)

# One make installs at a time: who waited for the lock, which lasts as long as the shell's descriptor 9, finds the
# stamp fresh and leaves. .venv.unfinished stands beside .venv until the first install is through: who finds it on
# coming in follows one that was interrupted, of which nothing can be trusted, and begins anew. A later update that
# is interrupted, or has no network, loses only the stamp.
$(STAMP): pyproject.toml requirements.lock
	$(if $(call can,import sys; assert sys.version_info >= (3, 11)),,$(error \
	  The explorer needs Python 3.11 or newer, which $(PYTHON) is not: name one, as in "make install PYTHON=python3.12"))
	$(if $(call can,import ensurepip, venv),,$(error \
	  $(PYTHON) lacks its venv module: install it (on Debian or Ubuntu: apt-get install python3-venv), then try again))
	@set -e; exec 9>.venv.lock; $(PYTHON) -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'; \
	if [ $@ -nt pyproject.toml ] && [ $@ -nt requirements.lock ]; then exit; fi; \
	echo "Setting up .venv: about a minute and 1.5 GB, more where torch comes with CUDA."; \
	if [ -e .venv.unfinished ] || ! .venv/bin/pip --version >/dev/null 2>&1; then \
	  touch .venv.unfinished; rm -rf .venv; $(PYTHON) -m venv .venv; \
	fi; \
	rm -f $@; \
	[ -t 1 ] || quiet=--quiet; \
	.venv/bin/pip install $$quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'; \
	rm -f .venv.unfinished; \
	touch $@

clean: ## remove all that was made here: .venv, caches, builds
	rm -rf .venv .venv.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What one does with a checkout. `make run` and `make test` need Python 3.11 or newer and make, nothing else:
# everything goes into .venv, from the pinned lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Tests start hundreds of processes: each would compile the program anew if bytecode were not kept.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test unit torture fuzz bench screenshots lint audit format wheel-test lock clean pages-check man docs

help:
	@echo "make run         the main job, once, on the sample newsroom (no network, no server)"
	@echo "make test        all tests"
	@echo "make unit        the quick ones, for while one works (a minute or two): no servers, no processes of their own,"
	@echo "                 fewer random examples"
	@echo "make torture     kills senders hundreds of times and counts who was lost or written to twice (half an hour)"
	@echo "make fuzz        wild input for everything that reads what strangers send (ten minutes each of five kinds)"
	@echo "make bench       measure; prints ratios, writes JSON into var/"
	@echo "make screenshots pictures of every mail and page, into var/screenshots/ (needs Chromium)"
	@echo "make pages-check every web page in a browser: accessibility (axe), HTML (the Nu checker), a picture in var/pages/"
	@echo "                 (needs Chromium, npm, Java and, the first time, the npm registry)"
	@echo "make lint        ruff and mypy, and known vulnerabilities of the pinned libraries where the registry can be asked"
	@echo "make format      ruff format"
	@echo "make wheel-test  the tests against the built wheel in a fresh environment"
	@echo "make lock        resolve the dependencies anew (needs uv)"
	@echo "make docs        the documentation as a site, into var/site/; a page that is not in mkdocs.yml or a dead link ends it"
	@echo "make man         the manual page distributor(1), from the commands, into var/"
	@echo "make clean       remove var/, builds and caches; the environment stays"

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed; say which: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "error: this Python cannot make environments; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

run: $(READY)
	@$(BIN)/distributor subscribers import samples/subscribers.csv --consent "sample list"
	@$(BIN)/distributor gather
	@$(BIN)/distributor send tin-sang --no-gather --yes
	@echo
	@echo "Look at it:"
	@echo "  $(BIN)/distributor editions               the editions that were made"
	@echo "  $(BIN)/distributor preview tin-sang-1     the first one as files: HTML, text, feeds, posts (--open: in the browser)"
	@echo "  $(BIN)/distributor deliveries             what went where"
	@echo "  var/mail/new/  var/public/feeds/  var/outbox/"
	@echo
	@echo "See it as a subscriber does: run  $(BIN)/distributor serve  and open"
	@echo "  http://127.0.0.1:8080/          sign up, read past editions and feeds, change preferences, leave"
	@echo "  http://127.0.0.1:8080/mailbox   the emails that it sends: no mail server is needed"

test: $(READY)
	@$(BIN)/pytest -n auto --dist worksteal

unit: $(READY)
	@$(BIN)/pytest -q -n auto --dist worksteal -m "not real and not slow" --hypothesis-profile=unit

torture: $(READY)
	@cd tests && ../$(BIN)/python -m torture

fuzz: $(READY)
	@cd tests && ../$(BIN)/python -m fuzzing

bench: $(READY)
	@$(BIN)/python benchmarks/digest.py
	@$(BIN)/python benchmarks/cohorts.py
	@$(BIN)/python benchmarks/rendering.py
	@$(BIN)/python benchmarks/signing.py
	@$(BIN)/python benchmarks/importing.py
	@$(BIN)/python benchmarks/store_copy.py
	@$(BIN)/python benchmarks/gathering.py
	@$(BIN)/python benchmarks/delivery.py
	@$(BIN)/python benchmarks/extraction.py
	@$(BIN)/python benchmarks/urgent.py
	@$(BIN)/python benchmarks/crossings.py
	@$(BIN)/python benchmarks/web.py
	@$(BIN)/python benchmarks/startup.py

screenshots: $(READY)
	@$(BIN)/python docs/screenshots.py

# Not in CI: the checkers come from the npm registry, into .cache. Where something is missing, a line says so.
pages-check: $(READY)
	@cd tests && ../$(BIN)/python -m page_checks

lint: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory audit

# What is known of the pinned libraries (pip-audit, which asks the registry). In an environment of its own: it is no part of
# the program. Exit code 1 is a vulnerability; where nothing can be asked, that is said, and holds nobody up.
audit:
	@test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit \
	  && .venv-audit/bin/pip install -qq --disable-pip-version-check --retries 0 --timeout 10 pip-audit; } 2>/dev/null || true
	@test -x .venv-audit/bin/pip-audit || { rm -rf .venv-audit; \
	  echo "audit: pip-audit cannot be installed here: known vulnerabilities were not looked for"; }
	@test ! -x .venv-audit/bin/pip-audit || { mkdir -p var; .venv-audit/bin/pip-audit -r requirements.lock --require-hashes \
	  --disable-pip --progress-spinner off >var/audit.txt 2>&1; code=$$?; unknown=$$(grep -c "could not be audited" var/audit.txt); \
	  if grep -qE "^Found [0-9]+ known vuln" var/audit.txt; then cat var/audit.txt; exit 1; \
	  elif [ $$code -ne 0 ]; then \
	    echo "audit: the registry could not be asked ($$(tail -n 1 var/audit.txt)): known vulnerabilities were not looked for"; \
	  elif [ $$unknown -ne 0 ]; then echo "audit: the registry tells nothing of $$unknown libraries: what is known of them was not seen"; \
	  else echo "audit: no known vulnerabilities"; fi; }

format: $(READY)
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# The tests again, but with the program as users install it: from the wheel, in an environment without the checkout, which
# has the libraries of the other one. Only those of what can differ there: what the package brings along (templates,
# channels, migrations, texts), how it finds that, and what `init` writes.
WHEEL_TESTS := $(addprefix tests/,cli/test_main.py cli/test_init.py cli/test_config.py cli/test_preview.py plugins rendering/test_templates.py test_i18n.py \
  preflight/test_config_keys.py test_terminal.py docs real/docs)

wheel-test: $(READY)
	@rm -rf build dist .venv-wheel
	@$(BIN)/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@$(PYTHON) -m venv --without-pip .venv-wheel
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >.venv-wheel/libraries.pth
	@mv .venv-wheel/libraries.pth "$$(.venv-wheel/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@$(BIN)/python -m pip --python .venv-wheel/bin/python install -qq --disable-pip-version-check --no-deps dist/*.whl
	@.venv-wheel/bin/python -P -m pytest -q -n auto -k 'not postgresql' --ignore tests/real/docs/test_site.py --ignore tests/real/docs/test_tutorial.py \
	  $(WHEEL_TESTS)

lock:
	@uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --quiet --output-file requirements.lock
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --quiet --constraint requirements.lock --output-file requirements-dev.lock
	@uv pip compile pyproject.toml --extra postgresql --extra dkim --extra hooks --extra fast --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --constraint requirements-dev.lock \
	  --output-file packaging/requirements.lock
	@echo 'setuptools>=77' | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --quiet --constraint requirements-dev.lock --output-file packaging/build.lock

man: $(READY)
	@mkdir -p var
	@$(BIN)/python docs/man_page.py >var/distributor.1
	@echo "var/distributor.1"

# The notice that is switched off is about the theme's next version; every warning about these pages ends the build.
docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "var/site/index.html"

clean:
	@rm -rf var build dist .venv-wheel .venv-audit *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

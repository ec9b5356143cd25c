# Everything starts here. `make setup` needs Python 3.11 or newer with pip, nothing else.
PYTHON ?= python3
VENV   := .venv
UV_DIR := .cache/uv
UV     := $(UV_DIR)/bin/uv
BIN    := $(VENV)/bin
EMULATOR := $(VENV)/lambda-emulator
CLOUD  := $(VENV)/aws
KERAS  := $(VENV)/keras
KERAS_ENVS ?= .cache/keras-envs
MODELS ?= 20

# uv reads neither pip's configuration nor its variables: where pip is told of a mirror or of
# certificates, uv must be told too.
TELL_UV = index="$${PIP_INDEX_URL:-$$($(PYTHON) -m pip config get global.index-url 2>/dev/null || true)}"; \
	  test -z "$$index" || export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"; \
	  certificates="$${PIP_CERT:-$$($(PYTHON) -m pip config get global.cert 2>/dev/null || true)}"; \
	  test -z "$$certificates" || export SSL_CERT_FILE="$${SSL_CERT_FILE:-$$certificates}";

.PHONY: setup dev demo test lint fuzz outage cloud targets keras conformance bench pins clean help

help:
	@echo "make demo   a tour on real images: push, classify, replace, promote (no network after set-up)"
	@echo "make setup  leaves $(BIN)/understudy"
	@echo "make test   lint, types, and the whole test suite"
	@echo "make lint   ruff, mypy"
	@echo "make fuzz   20,000 damaged files and 5,000 images, each of which must end in an error, a model"
	@echo "            or an image"
	@echo "make conformance  all of keras.applications, and MODELS=20 random models of each Keras from 1.2 on,"
	@echo "            against the real Keras (KERAS_ENVS=where these are, or shall be)"
	@echo "make outage  a store that is down for a minute, in five ways, and what serves meanwhile"
	@echo "make cloud   the templates in other tools: sam validate, osls package and deploy (needs npm)"
	@echo "make targets  the bundles for Python 3.13 and 3.14 on x86_64 and arm64, built and run with Debian's"
	@echo "            Pythons, arm64 on an emulated processor (on Debian, as root)"
	@echo "make keras   what needs Keras itself: the second engine and its bundle, goldens"
	@echo "make bench  measures what the docs state"
	@echo "make pins   resolves requirements/*.txt, and what goes into bundles, again"
	@echo "make clean  removes all that the targets made"

setup: $(VENV)/.installed

dev: $(VENV)/.dev-installed $(EMULATOR)/.fetched $(CLOUD)/.fetched

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than 3.11"; echo "hint: make PYTHON=python3.12 setup"; exit 2; }
	@echo "fetching uv ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action ignore \
	  --upgrade --require-hashes --target $(UV_DIR) -r requirements/uv.txt
	@touch $@

$(VENV)/.installed: $(UV) requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@echo "installing the pinned packages ..."
	@$(TELL_UV) $(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/run.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@ln -sf "$(CURDIR)/$(UV)" $(BIN)/uv
	@touch $@

$(VENV)/.dev-installed: $(VENV)/.installed requirements/dev.txt
	@echo "installing the pinned test tools ..."
	@$(TELL_UV) $(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/dev.txt
	@touch $@

# AWS' own emulator of the Lambda runtime, which is in the wheel of another tool; and its client, for
# the Python of the bundles.
$(EMULATOR)/.fetched: $(VENV)/.installed requirements/emulator.txt requirements/runtime.txt
	@echo "fetching the emulator of the Lambda runtime ..."
	@rm -rf $(EMULATOR) && mkdir -p $(EMULATOR)
	@$(TELL_UV) { $(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes --target $(EMULATOR)/wheel -r requirements/emulator.txt \
	  && mv $(EMULATOR)/wheel/samcli/local/rapid/aws-lambda-rie-* $(EMULATOR) && rm -rf $(EMULATOR)/wheel \
	  && $(UV) pip install --quiet --python $(BIN)/python --python-version 3.13 --only-binary :all: --require-hashes --target $(EMULATOR)/python3.13 -r requirements/runtime.txt \
	  && touch $@; } \
	  || echo "note: it cannot be had here; the tests that need it are skipped"

# An AWS of this machine, and the linter of templates.
$(CLOUD)/.fetched: $(VENV)/.installed requirements/aws.txt
	@echo "fetching an AWS for this machine ..."
	@rm -rf $(CLOUD)
	@$(TELL_UV) { python="$$($(BIN)/python tools/find_python.py 3.13)" && $(UV) venv --quiet --python "$$python" $(CLOUD) \
	  && $(UV) pip install --quiet --python $(CLOUD)/bin/python --require-hashes --compile-bytecode -r requirements/aws.txt \
	  && touch $@; } \
	  || echo "note: it cannot be had here, it needs a Python 3.13; the tests that need it are skipped"

demo: setup
	@$(BIN)/python examples/fashion/demo.py

test: lint
	@$(TELL_UV) $(BIN)/python -m pytest -n auto --dist loadfile -m "not alone" \
	  && $(BIN)/python -m pytest -m alone

lint: dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

fuzz: dev
	@$(BIN)/python tests/fuzz/run.py
	@$(BIN)/python tests/fuzz/images.py

cloud: dev $(CLOUD)/.sam
	@$(BIN)/python tests/deploy/run.py .cache/cloud $(CLOUD)/sam/bin/sam

$(CLOUD)/.sam: $(CLOUD)/.fetched requirements/sam.txt
	@echo "fetching the AWS SAM command line ..."
	@$(TELL_UV) $(UV) venv --quiet --clear --python $(CLOUD)/bin/python $(CLOUD)/sam \
	  && $(UV) pip install --quiet --python $(CLOUD)/sam/bin/python --require-hashes -r requirements/sam.txt && touch $@

targets: dev
	@$(BIN)/python tests/targets/run.py .cache/targets

keras: dev $(KERAS)/.fetched
	@UNDERSTUDY_KERAS_PYTHON=$(CURDIR)/$(KERAS)/bin/python $(BIN)/python -m pytest tests/engine tests/training

# The second engine as it is in the bundle, with all that understudy needs beside it.
$(KERAS)/.fetched: $(VENV)/.installed src/understudy/build/keras.txt
	@echo "fetching Keras ..."
	@rm -rf $(KERAS)
	@$(TELL_UV) python="$$($(BIN)/python tools/find_python.py 3.13)" && $(UV) venv --quiet --python "$$python" $(KERAS) \
	  && $(UV) pip install --quiet --python $(KERAS)/bin/python --require-hashes --compile-bytecode -r requirements/run.txt -r src/understudy/build/keras.txt \
	  && $(UV) pip install --quiet --python $(KERAS)/bin/python --no-deps --editable . \
	  && touch $@

outage: dev
	@$(BIN)/python tests/outage/run.py

conformance: dev
	@$(BIN)/python tests/golden/environments.py $(KERAS_ENVS) keras-3.15.1
	@$(BIN)/python tests/conformance/applications.py --environments $(KERAS_ENVS)
	@$(BIN)/python tests/conformance/random_models.py --environments $(KERAS_ENVS) --count $(MODELS)

bench: dev
	@for script in compile session decode swap update bundle coldstart; do $(BIN)/python bench/$$script.py || exit 1; done

pins: $(UV)
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" requirements/uv.in -o requirements/uv.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" pyproject.toml --extra aws -o requirements/run.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" -c requirements/run.txt pyproject.toml --group dev -o requirements/dev.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" -c requirements/dev.txt requirements/runtime.in -o requirements/runtime.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" requirements/aws.in -o requirements/aws.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" requirements/sam.in -o requirements/sam.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.13 --no-deps --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" -c requirements/run.txt requirements/serving.in -o src/understudy/build/serving.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.13 --no-deps --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" -c requirements/run.txt requirements/admission.in -o src/understudy/build/admission.txt
	@$(TELL_UV) $(UV) pip compile --quiet --universal --python-version 3.13 --no-deps --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make pins" -c requirements/run.txt requirements/keras.in -o src/understudy/build/keras.txt

clean:
	rm -rf $(VENV) .cache

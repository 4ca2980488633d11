# Packhorse. Needs Python 3.11 or newer, make and a network; sets up the rest.
#
#   make demo       one relay and some bots on this machine, for some seconds
#   make test       everything a change must pass, in the order of CI
#   make help       all targets

PYTHON ?=
ARGS ?=
SECONDS ?= 600
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
STAGES := netns e2e package conformance property unit
CHOSEN := not slow and not bench
SPREAD = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
SPREAD_FINELY = --numprocesses $(WORKERS) --dist worksteal

# Under CI a test that cannot run here is a failure, not a skip.
ifeq ($(CI),true)
REQUIRE := --require-godot $(if $(filter 0,$(shell id -u)),--require-netns)
endif

# $(call stage,name,commands): a heading, the commands, and how long they took.
stage = @printf '\n=== %s ===\n' '$(1)'; start=$$(date +%s); { $(2); } && printf '=== %s: ok, %s s ===\n' '$(1)' $$(($$(date +%s) - start))
tests_in = $(wildcard $(addprefix tests/,$(1)))

.NOTPARALLEL:
.PHONY: help demo test test-all setup lint types generated unit property conformance e2e netns traversal package \
	tests quiet side-by-side slow slow-quiet slow-side-by-side bench coverage fuzz godot debian addon screenshots \
	generate vectors format clean clean-all

help: ## Show the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

demo: $(VENV)/.runtime ## Try Packhorse on this machine: make demo ARGS="--seconds 10"
	@$(BIN)/packhorse demo $(ARGS)

test: setup lint types generated tests ## Everything a change must pass.

test-all: test slow ## Also the slow tests, and what hypothesis tests with 1000 examples.

setup: $(VENV)/.dev godot debian ## Set up what the tests need.

lint: $(VENV)/.dev ## Style of Python and GDScript, spelling.
	$(call stage,lint,$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . && $(BIN)/codespell && $(BIN)/gdlint godot_addon && $(BIN)/gdformat --check godot_addon)

types: $(VENV)/.dev ## mypy, strict.
	$(call stage,types,$(BIN)/mypy)

generated: $(VENV)/.dev ## Generated files are those that protocol.yaml gives.
	$(call stage,generated files,$(BIN)/python protocol_spec/generate.py --check && $(BIN)/python -m tests.support.make_vectors --check)

# Two runs; the last line of each counts what it ran. First those that a busy
# machine would spoil, then all others, each file in one of several processes.
# What mostly waits comes first; what only computes fills up the end.
tests: quiet side-by-side

quiet: $(VENV)/.dev
	$(call stage,tests that run alone,$(PYTEST) $(REQUIRE) -m 'quiet and $(CHOSEN)' $(call tests_in,$(STAGES)))

side-by-side: $(VENV)/.dev
	$(call stage,tests side by side,$(PYTEST) $(REQUIRE) $(SPREAD) -m 'not quiet and $(CHOSEN)' $(call tests_in,$(STAGES)))

# Two runs again. Here a process that has nothing left takes over tests of another:
# one file holds a third of all. What waits and what computes begin together.
slow: setup slow-quiet slow-side-by-side ## The slow tests alone: half an hour.

slow-quiet: $(VENV)/.dev
	$(call stage,slow tests that run alone,$(PYTEST) $(REQUIRE) -m 'quiet and slow' $(call tests_in,$(STAGES)))

slow-side-by-side: $(VENV)/.dev
	$(call stage,slow tests side by side,$(PYTEST) $(REQUIRE) $(SPREAD_FINELY) --timeout 900 --hypothesis-profile nightly -m 'not quiet and (slow or hypothesis)' $(call tests_in,$(STAGES)))

unit: $(VENV)/.dev ## The pure core, without sockets: unit and property tests.
	$(call stage,unit,$(PYTEST) $(call tests_in,unit property))

property: $(VENV)/.dev
	$(call stage,property,$(PYTEST) $(call tests_in,property))

conformance: $(VENV)/.dev godot ## Vectors and scenarios against Python and GDScript.
	$(call stage,conformance,$(PYTEST) $(REQUIRE) $(call tests_in,conformance))

e2e: $(VENV)/.dev godot debian ## Real sockets and processes on the loopback interface.
	$(call stage,e2e,$(PYTEST) $(REQUIRE) $(call tests_in,e2e))

netns: $(VENV)/.dev debian ## NATs in network namespaces; needs root.
	$(call stage,netns,$(PYTEST) $(REQUIRE) $(call tests_in,netns))

traversal: $(VENV)/.dev debian ## Who reaches whom directly: writes docs/traversal-matrix.md; root, half an hour.
	$(call stage,traversal,$(BIN)/python -m tests.support.traversal_matrix --write $(ARGS))

package: $(VENV)/.dev ## Build the wheel, install it in a clean environment, run it.
	$(call stage,package,$(PYTEST) $(call tests_in,package))

bench: $(VENV)/.dev ## Print measured ratios.
	$(call stage,bench,$(PYTEST) -m bench --capture=no --timeout 600 $(call tests_in,bench))

coverage: $(VENV)/.dev ## Branch coverage by the unit, property and conformance tests.
	$(call stage,coverage,$(BIN)/coverage run -m pytest --quiet $(call tests_in,unit property conformance) && $(BIN)/coverage report)

fuzz: $(VENV)/.fuzz ## Fuzz decoders and state machines: make fuzz SECONDS=600
	$(call stage,fuzz,$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS))

godot: $(VENV)/.dev ## Find a Godot, or unpack one into .cache/godot.
	@$(BIN)/python -m tests.support.provision_godot > $(VENV)/.godot || test "$(CI)" != true

debian: $(VENV)/.dev
	@$(BIN)/python -m tests.support.provision_debian || test "$(CI)" != true

addon: $(VENV)/.made ## Pack the Godot addon: dist/packhorse-godot-VERSION.zip
	@$(BIN)/python -m tests.support.make_addon

screenshots: $(VENV)/.dev godot debian ## Draw docs/images with a real Godot.
	@$(BIN)/python -m tests.support.screenshots

generate: $(VENV)/.dev ## Write constants and tables from protocol.yaml.
	@$(BIN)/python protocol_spec/generate.py

vectors: $(VENV)/.dev ## Write protocol_spec/vectors.
	@$(BIN)/python -m tests.support.make_vectors

format: $(VENV)/.dev ## Put Python and GDScript into shape.
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format .
	@$(BIN)/gdformat godot_addon

clean: ## Remove what tests and builds leave behind.
	@rm -rf .cache/mypy .cache/pytest .cache/coverage .hypothesis .cache/ruff dist build godot_addon/.godot
	@find sdk relay tests protocol_spec examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

clean-all: clean ## Also remove .venv and the downloaded Godot.
	@rm -rf $(VENV) .cache

# Set-up. Each stamp is younger than what it was made from, so that a second
# run does nothing.

$(VENV)/.made:
	@echo "setting up $(VENV)"
	@for name in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
	    if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	        exec "$$name" tests/support/make_venv.py $(VENV); \
	    fi; \
	done; \
	echo "found no Python 3.11 or newer: name one with make PYTHON=/path/to/python" >&2; exit 1
	@$(PIP) install --upgrade pip # --group needs pip 25.1
	@touch $@

$(VENV)/.runtime: $(VENV)/.made pyproject.toml
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "installing what the tests need"
	@$(PIP) install --group dev
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	@echo "installing the fuzzer"
	@$(PIP) install --group fuzz
	@touch $@

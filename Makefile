# Two commands: `make run` (the whole box on sample calls) and `make test` (everything that is checked).
# As root the Debian packages they need are installed by name; otherwise what is missing is said.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := provisioning/constraints.txt
RUN_PACKAGES := python3-venv iproute2
TEST_PACKAGES := $(shell cat tests/debian-packages.txt)
DATA ?= var

.PHONY: run test check coverage explore fuzz soak bench messages samples deb clean

run: $(VENV)/run.stamp
	@$(BIN)/appliance demo --data $(DATA) $(ARGS)

# Two files at a time: half of them compute, half wait for real servers. With ARGS only what they name.
test: export APPLIANCE_TEST_STRICT = $(shell sh tests/tools/strict.sh)
test: $(VENV)/test.stamp
	@$(BIN)/python -m pytest $(or $(ARGS),--numprocesses 2 --dist loadfile --no-loadscope-reorder)

check: $(VENV)/test.stamp
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

coverage: $(VENV)/test.stamp
	$(BIN)/coverage run -m pytest --quiet --ignore tests/e2e $(ARGS) && $(BIN)/coverage combine --quiet && $(BIN)/coverage report

explore: $(VENV)/test.stamp
	$(BIN)/python -m pytest --hypothesis-profile explore --ignore tests/e2e $(ARGS)

fuzz: $(VENV)/fuzz.stamp
	APPLIANCE_FUZZ_LONG=1 $(BIN)/python -m pytest tests/fuzz/test_prefixes.py
	$(BIN)/python -m tests.fuzz --write $(ARGS)

soak: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks --write soak powercuts deliveries $(ARGS)

bench: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks $(ARGS)

messages: $(VENV)/test.stamp
	$(BIN)/python tests/tools/messages.py

samples: $(VENV)/test.stamp
	$(BIN)/python -m tests.bed.make_samples $(ARGS)

deb: $(VENV)/run.stamp
	@sh provisioning/debian/build.sh $(BIN)/python $(or $(OUT),dist)

$(VENV)/python.stamp:
	@sh tests/tools/debian.sh $(RUN_PACKAGES)
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp setup.cfg setup.py pyproject.toml capture/_walk.c $(CONSTRAINTS)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable .
	@touch $@

# The tests want the hot path in C too, so the compiler comes first and the project is installed again.
$(VENV)/test.stamp: $(VENV)/run.stamp tests/debian-packages.txt
	@sh tests/tools/debian.sh $(TEST_PACKAGES)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[test]'
	@touch $@

$(VENV)/fuzz.stamp: $(VENV)/test.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[fuzz]'
	@touch $@

clean:
	rm -rf $(VENV) .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis artefacts

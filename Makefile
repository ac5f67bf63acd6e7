# Everything a newcomer needs: python3 and make. The first target called builds .venv from the hashed lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Broker tests mostly wait, for groups, sessions and deadlines: more processes than cores take less time.
PROCESSES ?= 3
PARALLEL := --numprocesses $(PROCESSES) --dist loadfile
KAFKA_TESTS := tests/integration tests/faults
# The dashboards' preview: a development tool in Node.
PREVIEW := tools/dashboard_preview
# How make soak repeats: so many runs, beside so many processes that only calculate.
TIMES ?= 30
BUSY_PER_CORE ?= 2
# What make check has time for: the state, its topics and the faults; make test-kafka runs everything.
KAFKA_CHECK := $(addprefix tests/integration/test_,exactness.py topics.py apache_kafka.py producers.py giveaway_commands.py::test_from_review_to_a_verified_draw codecs.py other_logs.py topic_drift.py secured_kafka.py transactions.py undecodable.py foreign_producers.py gateway.py) tests/faults
KAFKA3_TESTS = $(KAFKA_TESTS)
KAFKA3_CHECK := tests/integration/test_apache_kafka.py tests/faults

.DEFAULT_GOAL := help
.PHONY: help install demo test test-kafka test-kafka-if-present test-faults soak check lint types imports format bench train docs lock bench-peers clean dashboards dashboards-preview preview-install pictures schemas images advisories alertmanager test-observability

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## Build the virtual environment

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(STAMP) ## Watch a simulated giveaway live: real broker, real Redis, one worker
	$(BIN)/campaign-pulse demo

test: $(STAMP) ## Run all tests, with a real broker and a real Redis
	$(BIN)/python -m pytest $(PARALLEL)

test-observability: $(STAMP) ## Rules, routes, dashboards and deployment files, with a real Prometheus and Alertmanager
	$(BIN)/python -m pytest tests/observability

# Debian's is older than receivers of Microsoft Teams. The newest whose Go module holds its own web page.
ALERTMANAGER := v0.31.1
alertmanager: build/programs/alertmanager ## Build Alertmanager and amtool for the tests (needs go and a network)

build/programs/alertmanager:
	GOBIN=$(CURDIR)/build/programs go install $(addprefix github.com/prometheus/alertmanager/cmd/,$(addsuffix @$(ALERTMANAGER),alertmanager amtool))

test-kafka: $(STAMP) ## Run every broker test against Apache Kafka (needs java 17 and mvn, no Docker)
	$(BIN)/python -m pytest $(PARALLEL) --broker kafka -m broker $(KAFKA_TESTS)
	$(BIN)/python -m pytest $(PARALLEL) --broker kafka3 -m replication $(KAFKA3_TESTS)

test-faults: $(STAMP) ## Break everything on purpose, long form, on every broker; tables into docs/guarantees.md
	$(BIN)/python -m tests.faults --long --broker embedded --broker kafka --broker kafka3 --write

soak: $(STAMP) ## Run the exactness tests many times in a row on a busy machine
	$(BIN)/python -m tests.soak --times $(TIMES) --busy-per-core $(BUSY_PER_CORE)

# Without Java or Maven a developer is told; CI fails.
test-kafka-if-present: $(STAMP)
	@if command -v java >/dev/null && command -v mvn >/dev/null; then \
		echo "Apache Kafka: java and mvn are present, tests of state, topics and faults run against it"; \
		$(MAKE) --no-print-directory test-kafka KAFKA_TESTS="$(KAFKA_CHECK)" KAFKA3_TESTS="$(KAFKA3_CHECK)"; \
	elif [ "$$CI" = true ]; then \
		echo "Apache Kafka: java or mvn is missing, and in CI it must run" >&2; exit 1; \
	else \
		echo "Apache Kafka: java or mvn is missing, its tests do not run (CI runs them)"; \
	fi

check: lint types imports test test-kafka-if-present ## Exactly what CI runs

lint: $(STAMP) ## Style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Static types, strict
	$(BIN)/mypy

imports: $(STAMP) ## Import rules between the layers
	$(BIN)/lint-imports --no-cache

format: $(STAMP) ## Reformat
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## Throughput, latency and memory, next to the limit and to a plain Faust app; the cost of alerts
	$(BIN)/python -m bench
	$(BIN)/python -m bench.spikes

bench-peers: $(STAMP) ## Ours beside Flink, Kafka Streams, Rust and others on equal events (needs java and mvn; cargo for Rust)
	$(BIN)/python -m bench.peers --repeat 3 --write-docs

train: $(STAMP) ## Train the sentiment model anew (needs the labelled data, see docs/sentiment.md)
	$(BIN)/python -m training.sentiment

docs: $(STAMP) ## Generate schemas and reference tables into docs/
	$(BIN)/python -m tools.make_docs

dashboards: $(STAMP) ## Generate grafana/dashboards from tools/dashboards
	$(BIN)/python -m tools.dashboards

# Packages of the preview, by the hashes of its lock; no script of theirs is run. Needs Node 20 and a network.
$(PREVIEW)/node_modules/.installed: $(PREVIEW)/package.json $(PREVIEW)/package-lock.json
	cd $(PREVIEW) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=5
	touch $@

preview-install: $(PREVIEW)/node_modules/.installed ## Packages of the dashboards' preview (Node 20)

dashboards-preview: $(STAMP) preview-install ## Pictures of every dashboard at eight moments (half an hour; Prometheus, Chromium)
	$(BIN)/python -m tests.observability.preview

pictures: $(STAMP) preview-install ## Make the pictures of the documents anew (half an hour; Prometheus, Chromium)
	$(BIN)/python -m tests.browser.pictures
	$(BIN)/python -m tests.observability.preview --picture

schemas: $(STAMP) ## Fetch the schemas of the Kubernetes example's operators anew (needs java 17, mvn and a network)
	$(BIN)/python -m tools.kubernetes_schemas

advisories: $(STAMP) ## Known advisories against the locks; fails when it could not check (for a scheduled job)
	$(BIN)/python -m tools.advisories

images: $(STAMP) ## Whether the images of the examples are pinned and not too old (for a scheduled job)
	$(BIN)/python -m tools.images

lock: $(STAMP) ## Resolve dependencies anew into requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--python-version 3.11 --extra embedded --extra rocksdb --extra gateway --extra plot --extra dev --extra train --quiet --output-file requirements.lock
	# What a worker needs and nothing else, in the same versions: for the container image.
	$(BIN)/uv pip compile pyproject.toml --constraint requirements.lock --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --python-version 3.11 --extra rocksdb --extra gateway --quiet --output-file requirements-runtime.lock

clean: ## Remove what was built
	rm -rf $(VENV) build var/kafka *.egg-info .mypy_cache .ruff_cache .hypothesis .pytest_cache .import_linter_cache

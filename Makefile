# Every target that a person types has its help behind "##"; `make` prints them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BUILD_PACKAGES := libargon2-dev libsqlite3-dev libmagic-dev libpoppler-glib-dev poppler-data libfontconfig-dev fonts-liberation libpng-dev libjpeg62-turbo-dev libseccomp-dev zlib1g-dev libssl-dev libcurl4-openssl-dev pkg-config
TEST_PACKAGES := poppler-utils python3 python3-venv faketime python3-cryptography sqlite3 age openssl unzip
BENCH_PACKAGES := poppler-utils openssl recollcmd time zip nginx-light wrk hey
DEBUG := .build/debug
# Swift's libraries inside: nothing of the toolchain is needed where the programs run, and a reader is forked faster.
RELEASE := -c release --static-swift-stdlib
SAMPLE := .build/sample

.PHONY: help deps build run test test-slow test-service bench format check clean swift deps-bench

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

swift:
	@command -v swift >/dev/null || { echo "minhchung needs the Swift 6.3 toolchain: install it from https://swift.org/install and put it in PATH" >&2; exit 1; }

deps: ## install the Debian packages that building and testing need; does nothing when they are there
	@bash .ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES)

deps-bench:
	@bash .ci/install $(BENCH_PACKAGES) || echo "some peers are missing; the benchmark says which" >&2

build: swift deps ## build the programs for development
	swift build

run: build ## make a sample archive and take it from deposit to three decisions, traced both ways
	@bash .ci/sample $(DEBUG) $(SAMPLE)

test: swift deps ## run the whole test suite
	swift build --build-tests
	@swift test --skip-build 2>&1 | tee .build/test.log || { echo "what failed:"; grep -a -A 3 'recorded an issue\|^error:\|Fatal error' .build/test.log || tail -5 .build/test.log; exit 1; }

test-slow: test ## run the tests and the long experiments: kills, mutated bundles, tampered ledgers, a 4 GiB file
	python3 Tests/Oracle/kill_storm.py --rounds 200 --program $(DEBUG)/minhchung
	python3 Tests/Oracle/kill_care.py --rounds 100 --program $(DEBUG)/minhchung
	cd Tests/Oracle && python3 -m unittest test_bundle_oracle
	bash .ci/sample $(DEBUG) $(SAMPLE) > /dev/null
	python3 Tests/Oracle/bundle_mutations.py "$(DEBUG)/minhchung verify-bundle" $(SAMPLE)/archive.pub $(SAMPLE)/bundle.zip --every-file --random 500
	$(DEBUG)/minhchung witness pull $(SAMPLE)/witness --from $(SAMPLE)/archive
	python3 Tests/Oracle/ledger_tamper.py $(DEBUG)/minhchung $(SAMPLE)/archive $(SAMPLE)/witness --rounds 5
	swift build $(RELEASE)
	python3 Tests/Bench/bench.py --program .build/release/minhchung --only memory

test-service: build ## let other people's clients, cut lines, kills, slow and hostile clients at the service
	bash .ci/install slowhttptest openssl
	bash .ci/python
	bash .ci/python schemathesis
	.build/python/bin/python Tests/Service/tus_clients.py --program $(DEBUG)/minhchung --cuts 200
	.build/python/bin/python Tests/Service/stop_under_load.py --program $(DEBUG)/minhchung
	.build/python/bin/python Tests/Service/sign_in.py --program $(DEBUG)/minhchung
	.build/python/bin/python Tests/Service/bad_json.py --program $(DEBUG)/minhchung
	.build/python/bin/python Tests/Service/slow_clients.py --programs $(DEBUG)
	.build/python-schemathesis/bin/python Tests/Service/schemathesis_run.py --programs $(DEBUG)

bench: swift deps deps-bench ## measure against peers, as ratios
	swift build $(RELEASE)
	python3 Tests/Bench/bench.py --program .build/release/minhchung

format: swift ## format the Swift sources in place
	swift format --in-place --recursive --parallel Package.swift Sources Tests

check: swift ## check the format of the Swift sources
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

clean: ## remove what was built
	rm -rf .build

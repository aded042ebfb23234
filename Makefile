# Flightdeck. `make demo` shows what it does, `make test` proves it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export CGO_ENABLED := 0
GO ?= go
BIN := bin/flightdeck
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOFILES := $(shell git ls-files -co --exclude-standard '*.go' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help build demo test race integration bench golden pictures check fuzz clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/flightdeck, one static binary
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/flightdeck

demo: build ## eight real trainings in a fresh workspace; without a terminal: headless, with a table at the end
	@$(BIN) demo $(DEMO)

test: ## every test that needs Go and git alone
	$(GO) test ./...

race: ## the same under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

integration: build ## against real peers and real faults: mount namespaces, full disks, kill -9 (installs what it needs; root)
	.ci/integration

bench: build ## the figures of the README, each beside a calibration of the same run
	$(GO) run ./cmd/bench -bin $(abspath $(BIN))

golden: ## rewrite the expected screens; read the diff before you commit it
	$(GO) test $$(grep -rlE '"update"|tui/tuitest"' --include='*_test.go' --include=golden.go tui views | xargs -n1 dirname | sort -u | sed 's|^|./|') -update

pictures: build ## the README's pictures, from the real program (needs Chromium)
	$(GO) run ./cmd/pictures -bin $(abspath $(BIN)) -out examples/pictures

check: ## gofumpt, vet, staticcheck, tidy, and the dead-code guard
	@test -z "$$($(GO) tool gofumpt -l $(GOFILES) | tee /dev/stderr)" || { echo "gofumpt: run  go tool gofumpt -w .  on the files above"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags integration ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	@# One reachable reflect.Method keeps every exported method of every type in the binary: 40 MB.
	@n=$$($(GO) build -ldflags=-dumpdep -o /dev/null ./cmd/flightdeck 2>&1 | grep -c ReflectMethod || true); \
	  test "$$n" = 0 || { echo "dead-code guard: $$n reflect.Method uses are reachable (text/template, html/template?)"; exit 1; }
	@size=$$(stat -c %s $(BIN) 2>/dev/null || echo 0); test "$$size" -le 60000000 || { echo "bin/flightdeck is $$size bytes, over 60 MB"; exit 1; }

fuzz: ## each fuzzer for FUZZTIME (10s)
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	  echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-10s} $$p; done; done

clean: ## what make made
	rm -rf bin

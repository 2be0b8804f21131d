# Nothing here is needed to use muster: `go run .` and `go test ./...` do
# without make. `make help` lists the targets.

GO       ?= go
FUZZTIME ?= 20s
SOAKMINS ?= 60
FLOOD    ?= 1000000
SOAKRUN  ?= 15m
SEED     ?=
# Which Nodes to try: versions for npm, or paths: make node-matrix NODES="18 /opt/node24/bin/node"
NODES    ?= 18 20 22 24 26

.PHONY: help build test race lint fuzz deaths kept mutants bench demo soak node-matrix node-http2

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

build: ## the binary, ./muster
	$(GO) build -trimpath -o muster .

test: ## all tests
	$(GO) test ./...

race: ## all tests with the race detector, in the workers too
	$(GO) test -race ./...

lint: ## gofmt, go vet for three systems, staticcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	GOOS=linux $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=freebsd $(GO) vet ./...
	$(GO) tool -modfile=tools.mod staticcheck ./...

fuzz: ## every fuzz target, FUZZTIME each
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

deaths: ## 200 deaths of each kind, each compared with what clients saw; and 50 that must leave nothing open
	MUSTER_DEATHS=50 $(GO) test -count=1 -timeout 30m -v -run 'AddressesOfDead' ./internal/e2e/cluster ./internal/e2e/node
	MUSTER_DEATHS=50 $(GO) test -count=1 -timeout 30m -v -run 'TestPolicy' ./internal/e2e/cluster
	MUSTER_DEATHS=200 $(GO) test -count=1 -timeout 60m -v -run 'Cut' ./internal/e2e/deaths

kept: ## what a restart costs clients that keep their connections and think for a while
	MUSTER_KEPT='200ms 1025ms 2s 3s' $(GO) test -count=1 -timeout 60m -v -run KeptConnectionsLoseNothing ./internal/e2e/cluster

mutants: ## take out each guard of tools/mutants/guards.txt, one at a time; its tests must go red (MUTANTS="-only NAME")
	$(GO) run ./tools/mutants -copies 2 $(MUTANTS)

bench: ## every benchmark, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

demo: ## demo.gif and docs/tour.gif from their tapes (needs vhs, ffmpeg and a Chromium; says how to get them)
	tools/demo.sh

soak: ## everything at once for SOAKRUN (SEED=n to have it again), 60 s of faults under load, a million messages of each kind from a worker, then the whole suite under the race detector, over and over for SOAKMINS minutes
	MUSTER_SOAK=$(SOAKRUN) MUSTER_SEED=$(SEED) $(GO) test -count=1 -timeout 10h -v ./internal/e2e/soak
	MUSTER_FAULTS=60 $(GO) test -count=1 -v -run 'ManyFaults' ./engine
	MUSTER_FLOOD=$(FLOOD) $(GO) test -count=1 -timeout 60m -v -run 'TestFloodsOfEveryKind' ./engine
	@set -e; end=$$(($$(date +%s) + 60 * $(SOAKMINS))); n=0; \
	while [ $$(date +%s) -lt $$end ]; do \
	  n=$$((n + 1)); echo "round $$n"; $(GO) test -race -count=1 -shuffle=on ./...; \
	done

node-matrix: ## the tests with Node programs, once for each of NODES
	tools/node-matrix.sh $(NODES)

node-http2: ## what a restart costs sessions of HTTP/2, measured with each of NODES
	MUSTER_MEASURE=1 RUN=NodeHTTP2Restart tools/node-matrix.sh $(NODES)

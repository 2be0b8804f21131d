# Nothing here is needed to use muster: `go run .` and `go test ./...` do
# without make. `make help` lists the targets.

GO       ?= go
FUZZTIME ?= 20s
SOAKMINS ?= 60
# Which Nodes to try: versions for npm, or paths: make node-matrix NODES="18 /opt/node24/bin/node"
NODES    ?= 18 20 22 24 26

.PHONY: help build test race lint fuzz bench demo soak node-matrix

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

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

bench: ## every benchmark, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

demo: ## demo.gif and docs/tour.gif from their tapes (needs vhs, ffmpeg and a Chromium; says how to get them)
	tools/demo.sh

soak: ## the whole suite under the race detector, over and over for SOAKMINS minutes
	@set -e; end=$$(($$(date +%s) + 60 * $(SOAKMINS))); n=0; \
	while [ $$(date +%s) -lt $$end ]; do \
	  n=$$((n + 1)); echo "round $$n"; $(GO) test -race -count=1 -shuffle=on ./...; \
	done

node-matrix: ## the tests with Node programs, once for each of NODES
	tools/node-matrix.sh $(NODES)

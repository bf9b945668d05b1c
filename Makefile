# make demo and make test need nothing but Go.

STATICCHECK   := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/apigen
	go build -o bin/apigen ./cmd/apigen

demo: ## create the bookshop service, start it, show it at work; Ctrl-C ends it
	go run ./cmd/demo

demo-check: ## the same unattended: fails on any unexpected answer
	go run ./cmd/demo -check

test: ## run all tests
	go test -timeout 60m ./...

race: ## the tests that run in this process under the race detector, and those of golden projects that depend on documents (needs a C compiler)
	go test -race -short -timeout 30m ./...
	@for dir in testdata/golden/*/want; do echo "race $$dir" && (cd $$dir && go test -race ./cmd/... $$(ls -d internal/handler internal/store 2>/dev/null | sed 's|.*|./&/...|')) || exit 1; done

race-services: ## rigs on services that look for data races themselves (needs a C compiler; minutes)
	APIGEN_RACE=1 go test -count 1 -timeout 60m -run '^(TestRigCache|TestRigLimiter|TestRigLife)$$' ./generator

soak: ## the reliability rigs for as long as their promises ask for: minutes, on real servers
	APIGEN_SOAK=1 go test -count 1 -timeout 60m -v -run '^TestRig' ./generator

cache-tests: ## hold the HTTP cache to the public suite in the folder $CACHE_TESTS (a minute; needs node)
	go test ./templates/project/internal/httpcache -run '^TestPublicSuite$$' -count 1 -v

golden: ## rewrite expected outputs; look at the diff before you commit it
	go test ./cmd/apigen ./generator ./generator/internal/model ./generator/internal/resource -update

lint: ## vet, staticcheck and golangci-lint, which has staticcheck in it, on golden projects too; their manifests, compose.yaml and workflows, and those of projects for each vendor
	go vet ./...
	go run $(STATICCHECK) ./...
	go run $(GOLANGCI_LINT) run
	@for dir in testdata/golden/*/want; do echo "lint $$dir" && \
		(cd $$dir && go vet ./... && go run $(GOLANGCI_LINT) run) || exit 1; done
	cd testdata/shipping && go run . ../golden/*/want
	@dir=$$(mktemp -d) && for apm in newrelic datadog none; do \
		go run ./cmd/apigen new shop --dir $$dir/$$apm --resource 'book title:string!' --no-verify --apm $$apm >$$dir/log 2>&1 || { cat $$dir/log; exit 1; }; done && \
		cd testdata/shipping && go run . $$dir/newrelic $$dir/datadog $$dir/none; code=$$?; rm -rf $$dir; exit $$code

bench: ## time rendering, the compile gate, the hot paths of a service, and a service beside its peers, then with its database beside Express; show where its time goes
	go test -run '^$$' -bench . -benchmem ./...
	go run ./testdata/bench
	go run ./testdata/bench stack
	go run ./testdata/bench profile

FUZZTIME ?= 5m

fuzz: ## fuzz the decoders of generated projects for $FUZZTIME in all, then every other parser for a minute
	APIGEN_FUZZ=$(FUZZTIME) go test ./generator -run TestFuzzTrips -count 1 -timeout 24h -v
	@grep -rlE '^func Fuzz' generator templates --include='*_test.go' | sort | while read file; do \
		sed -nE 's/^func (Fuzz[A-Za-z]*)\(.*/\1/p' $$file | while read name; do echo "fuzz $$file $$name" && \
		go test ./$$(dirname $$file) -run '^$$' -fuzz "^$$name$$" -fuzztime 1m || exit 1; done || exit 1; done

corpus: ## generate and compile every document of $APIGEN_SHARED (default ../shared); takes long
	cd generator && APIGEN_CORPUS=1 go test -run 'TestCorpus|TestTrips|TestAttacks|TestHostile' -count 1 -parallel 2 -timeout 60m

giants: ## time and memory on the largest documents of $APIGEN_SHARED, beside oapi-codegen and ogen
	go run ./testdata/giants

cover: ## write coverage to cover.html
	go test -coverprofile=cover.out ./...
	go tool cover -html=cover.out -o cover.html

snapshot: ## build release archives into dist/, publishing nothing (needs goreleaser)
	goreleaser release --snapshot --clean

.PHONY: help build demo demo-check test race soak cache-tests golden lint bench fuzz corpus giants cover snapshot

# Everything that is done with this repository. "make help" lists it.

BIN        := bin
TOOLS      := simple_runner func_runner codegen_func func_sym microbench_runner
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install what building, tests and benchmarks need (Debian 12)
	scripts/deps.sh test

.PHONY: build
build: ## build bin/faaslens and its links under Faasm's names
	go build -o $(BIN)/faaslens ./cmd/faaslens
	@for t in $(TOOLS); do ln -sf faaslens $(BIN)/$$t; done

.PHONY: demo
demo: ## build a real program, run it on real input and look inside
	scripts/deps.sh demo
	@$(MAKE) --no-print-directory build
	demo/run.sh $(BIN)/faaslens

.PHONY: test
test: deps check ## run all checks and tests
	go test ./...
	go test -C bench ./...

.PHONY: check
check: ## formatting, vet, staticcheck, the race detector, the build for arm64
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	go vet ./...
	go vet -C bench ./...
	$(STATICCHECK) ./...
	CGO_ENABLED=1 GOARCH=arm64 CC=aarch64-linux-gnu-gcc go build -o /dev/null ./cmd/faaslens
	go test -race -short ./engine/... ./worker ./hostcall/... ./store ./scheduler ./gateway/...

.PHONY: pgo
pgo: build ## profile the paths of calls, for the compiler: cmd/faaslens/default.pgo
	go run -C bench . -faaslens ../$(BIN)/faaslens -run fresh,hostcall,http,warmstart -cpuprofile ../cmd/faaslens/default.pgo

.PHONY: bench
bench: build ## measure, against native code, node and wazero, and hold the floors
	npm ci --prefix bench --no-audit --no-fund
	go run -C bench . -faaslens ../$(BIN)/faaslens -run all -json results.json

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN) bench/node_modules bench/results.json

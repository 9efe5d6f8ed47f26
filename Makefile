# The workshop's commands. `make` alone lists them. Each is a thin call of CMake or of a script in
# scripts/, which prints the tool commands that it runs.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.DEFAULT_GOAL := help

STAGE ?= v1-naive
OLD ?= v1-naive
NEW ?= v2-optimized
JOBS ?= $(shell nproc)

##@ Start here
.PHONY: compare
compare: build ## Old against new: benchmarks, then requests per second [OLD=v1-naive NEW=v2-optimized]
	@scripts/compare.sh $(OLD) $(NEW)

.PHONY: test
test: build ## Every test, against every stage
	@ctest --preset release -j $(JOBS) --output-on-failure

##@ One stage at a time [STAGE=v1-naive]
.PHONY: run load bench
run: build ## Start the service until Ctrl-C
	@scripts/run.sh $(STAGE)
load: build ## Requests per second under `ab`
	@scripts/load.sh $(STAGE)
bench: build ## The five benchmarks
	@scripts/bench.sh $(STAGE)

##@ Your own stage
.PHONY: stage
stage: ## Copy a stage [NAME=v3-mine FROM=v1-naive]
	@scripts/stage.sh $(or $(NAME),--help) $(FROM)

##@ The machine and the tree
.PHONY: setup doctor build check format clean help
setup: ## Install what is missing
	@scripts/setup.sh
doctor: ## Check tools and machine; for each problem, the command that mends it
	@scripts/doctor.sh
build: setup ## Compile everything into build/
	@scripts/build.sh release
check: build ## What CI runs: format, lint, build, tests
	@scripts/check.sh
format: setup ## Format the C++ code
	@scripts/format.sh
clean: ## Remove build/ and everything in it, captures included
	rm -rf build build-asan build-tsan

help: ## This list
	@echo 'Profiling workshop. Usage: make COMMAND [VARIABLE=value]'
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The workshop's commands. `make` alone lists them. Each is a thin call of CMake or of a script in
# scripts/, which prints the tool commands that it runs.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.DEFAULT_GOAL := help

STAGE ?= v1-naive
OLD ?= v1-naive
NEW ?= v2-optimized
# Both, if the user gave one of them.
GIVEN_PAIR := $(if $(filter-out file,$(origin OLD) $(origin NEW)),$(OLD) $(NEW))

# Before a command, what it needs is installed: groups of scripts/packages.txt, by the goals given.
MEASURING := walkthrough compare report load bench soak profile-% trace alloc-sites heaptrack elsewhere
GRADING := lab watch grade bug submission
TESTING := test check lint sanitize fuzz format docs-check
# need GROUP,GOALS: the group, if one of these goals was given, or a test command.
need = $(if $(filter $(2) $(TESTING),$(MAKECMDGOALS)),$(1))
NEED := $(strip $(call need,build,build run $(MEASURING) $(GRADING)) $(call need,run,build run $(MEASURING) $(GRADING)) \
  $(call need,graphs,run report profile-%) \
  $(call need,heaptrack,heaptrack) $(call need,labs,$(GRADING)) $(call need,test) $(call need,docs,docs) \
  $(filter elsewhere,$(MAKECMDGOALS)))
.PHONY: installed
installed:
	@scripts/setup.sh $(NEED)

##@ Start here
.PHONY: walkthrough compare test report
walkthrough: build ## The whole story: serve, load, profile, compare, report
	@scripts/workshop walkthrough

compare: build ## Old against new, with intervals [OLD=v1-naive NEW=v2-optimized SECONDS=100 FILTER= OPTIONS=]
	@scripts/workshop compare $(OLD) $(NEW) $(addprefix --seconds ,$(SECONDS)) $(if $(FILTER),--filter '$(FILTER)') $(OPTIONS)

test: installed ## Every test, against every stage [JOBS=]
	@scripts/test.sh $(JOBS)

report: installed ## build/report/index.html from what was captured last [OLD= NEW=]
	@scripts/workshop report $(GIVEN_PAIR)

##@ One stage at a time [STAGE=v1-naive]
.PHONY: run load bench
run: build ## Start the service until Ctrl-C
	@scripts/run.sh $(STAGE)
load: build ## Requests per second under `ab`; latency at a fixed RATE= [URL= of a running service]
	@scripts/workshop load $(STAGE) $(addprefix --url ,$(URL)) $(addprefix --rate ,$(RATE))
bench: build ## The five benchmarks
	@scripts/workshop bench $(STAGE)

##@ Profiles [STAGE=v1-naive SECONDS=10]
PROFILES := profile-cpu profile-heap profile-allocs profile-mutex profile-block profile-threads profile-wall
.PHONY: $(PROFILES) trace profile-diff heaptrack alloc-sites
profile-cpu: ## CPU time by function
profile-heap: ## Memory in use
profile-allocs: ## Allocated objects and bytes
profile-mutex: ## Waiting for locks, by who held the lock
profile-block: ## Waiting for locks, by who waited
profile-threads: ## Where every thread is
profile-wall: ## Real time of all threads, waiting included
$(PROFILES): profile-%: build
	@scripts/workshop profile $* $(STAGE) $(addprefix --seconds ,$(SECONDS))
trace: build ## Requests and lock waits on a time line, for Perfetto
	@scripts/workshop trace $(STAGE) $(addprefix --seconds ,$(SECONDS))
profile-diff: build ## Old against new [OLD=v1-naive NEW=v2-optimized KIND=cpu]
	@scripts/workshop diff $(OLD) $(NEW) $(addprefix --kind ,$(KIND)) $(addprefix --seconds ,$(SECONDS))
heaptrack: build ## Every allocation, with heaptrack
	@scripts/workshop heaptrack $(STAGE)
alloc-sites: build ## What can allocate after optimization [STAGE= or OLD= NEW=]
	@scripts/workshop alloc-sites $(or $(GIVEN_PAIR),$(STAGE))

##@ Your own stage
.PHONY: stage
stage: ## Copy a stage [NAME=v3-mine FROM=v1-naive]
	@scripts/stage.sh $(if $(NAME)$(FROM),'$(NAME)',--help) $(if $(FROM),'$(FROM)')

##@ Labs
.PHONY: labs lab watch grade hint solution bug submission
labs: ## The list: solved, begun, untouched
	@scripts/workshop labs
lab: installed ## A sick service to repair [N=1 GUESS=10; RESET=1 makes it again]
	@scripts/workshop lab $(or $(N),$(LAB)) $(if $(GUESS),--guess $(GUESS)) $(if $(filter-out 0 no,$(RESET)),--reset)
watch: installed ## Judge a lab each time you save a file of it [LAB=1]
	@scripts/workshop watch $(or $(LAB),$(N))
grade: installed ## Judge your labs, or one [LAB=1]
	@scripts/workshop grade $(or $(LAB),$(N)) $(if $(GUESS),--guess $(GUESS))
hint: ## The next hint [LAB=1]
	@scripts/workshop hint $(or $(LAB),$(N))
solution: ## The reference solution as a diff [LAB=1]
	@scripts/workshop solution $(or $(LAB),$(N))
bug: installed ## A hidden performance bug in a copy of v2-optimized [SEED=1 VIEW= ANSWER=]
	@scripts/workshop bug $(SEED) $(if $(VIEW),--view '$(VIEW)') $(if $(filter-out 0 no,$(ANSWER)),--answer)
submission: installed ## Pack your labs to hand in; grade a bundle again [LEARNER= BUNDLE=]
	@scripts/workshop submission $(BUNDLE) $(if $(LEARNER),--learner '$(LEARNER)')

##@ The machine and the tree
.PHONY: setup doctor build check lint sanitize fuzz soak docs docs-check format elsewhere clean help
setup: ## Install what all commands but elsewhere need; each also installs its own
	@scripts/setup.sh
doctor: ## Check tools and machine; for each problem, what to do
	@scripts/doctor.sh
build: installed ## Compile services and benchmarks into build/bin
	@scripts/build.sh release programs
check: test ## Tests, format, lint, sanitizers, documentation
	@scripts/check.sh
lint: installed ## clang-tidy, flake8, shellcheck, and the order of the Python packages
	@scripts/lint.sh
sanitize: installed ## Contract, server and profiler tests under asan+ubsan and tsan
	@scripts/sanitize.sh
fuzz: installed ## Fuzz every parser with clang's libFuzzer [SECONDS=60, each]
	@scripts/fuzz.sh $(addprefix --seconds ,$(SECONDS))
soak: build ## Load, bad clients, captures and signals at once [STAGE= SECONDS=60]
	@scripts/workshop soak $(STAGE) $(addprefix --seconds ,$(SECONDS))
docs: installed ## The tutorial as a site with search, in build/site/
	@scripts/workshop docs
docs-check: build ## Run every command of the tutorial and compare its output
	@scripts/workshop docs-check
format: installed ## Format C++ and Python
	@scripts/format.sh
elsewhere: installed ## Bare Debian 12 and 13, arm64 by emulation, the container; needs root [SYSTEM=debian13]
	@scripts/workshop elsewhere $(SYSTEM)
clean: ## Remove build/ and everything in it, captures included
	rm -rf build build-asan build-tsan

help: ## This list
	@echo 'Profiling workshop. Usage: make COMMAND [VARIABLE=value]'
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

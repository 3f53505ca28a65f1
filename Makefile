# The one door. `make help` says what there is.
SHELL := /bin/sh
PREFIX ?= /usr/local

help:  ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

packages:
	@scripts/install-packages

build: packages  ## Build the executables for use
	@scripts/build -c release

demo: build  ## Show the Landsat example at work
	@scripts/demo

test: packages  ## Run every test
	@scripts/test

test-api: build  ## Hold the HTTP API against its own description, with schemathesis: SECONDS=150, SEED=1
	@scripts/test-api $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

test-vm: packages  ## Run the end-to-end tests that depend on a kernel on another one, with cgroup v2 and project quotas
	@scripts/test-vm

test-service: build  ## Run the service under real systemd, in the virtual machine
	@scripts/test-service

test-monitoring: build  ## Let Prometheus' promtool read the metrics, the alert rules and their tests
	@scripts/test-monitoring

test-torture: build  ## Kill the Launcher under load, KILLS=300 times; SEED=N gives the same choices again
	@scripts/test-torture $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

test-power-cut: build  ## Cut a virtual machine's power while the Launcher works in it, CUTS=50 times; SEED=N as above
	@scripts/test-power-cut $(if $(CUTS),--cuts $(CUTS)) $(if $(SEED),--seed $(SEED))

test-sanitizers: packages  ## Run the unit tests with the thread and address sanitizers
	@scripts/test-sanitizers

fuzz: packages  ## Feed made-up bytes to all readers, SECONDS=60 for each
	@scripts/fuzz seconds $(or $(SECONDS),60)

bench-sandbox: build  ## Measure what a sandbox costs, beside its peers
	@mkdir -p .build/bench
	@for program in floor stopwatch workload; do \
	    cc -O2 -Wall -Wextra -Wno-format-truncation -o .build/bench/$$program Benchmarks/sandbox/$$program.c || exit 1; done
	@exec /usr/bin/python3 -B Benchmarks/sandbox/bench.py

bench-launcher: build  ## Measure what the Launcher costs, beside its peers (QUICK=1: in two minutes)
	@scripts/prepare-bench-launcher
	@exec /usr/bin/python3 -B Benchmarks/launcher/bench.py $(if $(QUICK),--quick)

bench-api: build  ## Measure the API under many clients, beside a bare server (QUICK=1: in a minute)
	@scripts/prepare-bench-api
	@exec /usr/bin/python3 -B Benchmarks/api/api_bench.py $(if $(QUICK),--quick)

install: build  ## Install below PREFIX (/usr/local), with the service; DESTDIR is put before it
	@DESTDIR="$(DESTDIR)" scripts/install .build/release "$(PREFIX)"

clean:  ## Remove what was built
	rm -rf .build

.PHONY: help packages build demo test test-api test-vm test-service test-monitoring test-torture test-power-cut test-sanitizers fuzz bench-sandbox bench-launcher bench-api install clean

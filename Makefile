.PHONY: help tools build run backing test check contracts clean chaos images fuzz swap polyglot bench alarms

# PUBSUB=kafka without brokers of yours: Apache Kafka's jars into .tools.
own-kafka = $(if $(filter kafka,$(PUBSUB)),$(if $(KAFKA_BROKERS),,@go run ./tests/tools kafka))

# What can be made.
help:
	@awk '/^# /{said=substr($$0,3)} /^[a-z]+:/{split($$1,t,":"); printf "make %-8s %s\n", t[1], said}' Makefile

# Dapr and NATS into .tools: what is installed is used, the rest is built (once, about ten minutes).
tools:
	@go run ./tests/tools

# The services, the Stripe simulator and the inbox into .local/bin.
build:
	@go build -o .local/bin/ ./services/... ./tests/stripesim ./tests/inbox

# Everything on this machine, until Ctrl-C: http://localhost:8080; STATE=redis PUBSUB=rabbitmq MAIL=smtp swap the infrastructure, REPLICAS=2 doubles the services, EXPIRATION=python runs that one in another language, METRICS=1 starts Prometheus, TRACES=1 shows every purchase as a trace (needs Java).
run: tools
	$(if $(TRACES),@go run ./tests/tools zipkin)
	$(own-kafka)
	@go build -o .local/bin/run ./tests/run && exec .local/bin/run

# Only what stands behind the services, for those who type `dapr run -f dapr.yaml` themselves.
backing: tools
	$(own-kafka)
	@go build -o .local/bin/run ./tests/run && exec .local/bin/run backing

# All checks and all tests, the whole system among them.
test: tools build check
	go test -count=1 -timeout 40m ./...
	go test -C tests/deploy -count=1 ./...
	go test -C tests/images -count=1 ./...
	go test -C tests/dashboards -count=1 ./...

# Format, vet, staticcheck and known vulnerabilities; the last is skipped when its database cannot be reached.
check:
	@test -z "$$(gofmt -l services shared tests k8s)" || { gofmt -d services shared tests k8s; exit 1; }
	go vet ./...
	@go run ./tests/tools staticcheck govulncheck
	.tools/bin/staticcheck ./...
	@mkdir -p .local; .tools/bin/govulncheck ./... > .local/govulncheck.log 2>&1; code=$$?; \
	if grep -q 'fetching vulnerabilities' .local/govulncheck.log; then echo "govulncheck: its database cannot be reached, skipped"; \
	elif [ $$code != 0 ]; then cat .local/govulncheck.log; exit $$code; else echo "govulncheck: nothing known"; fi

# The documents of shared/contracts against their standards (Node.js), and a market against them (Python): BUDGET=60 SEED=1.
contracts: tools
	@tests/contracts/openapi/lint
	@tests/contracts/asyncapi/lint
	@go run ./tests/contracts/openapi

# Forget every ticket, order and key of this machine's stack. The tools stay.
clean:
	rm -rf .local .dapr

# Kill one part after the other under load and with clocks apart, then check every guarantee: ROUNDS=20 SEED=1 STORE=redis REPLICAS=2 CLOCKS=2s PARTS=orders,nats.
chaos: tools
	@go run ./tests/chaos

# Container images into .local/images, without Docker; REGISTRY=host/path pushes them, TAG= and PLATFORMS= as you like.
images:
	@go run -C tests/images . $(if $(REGISTRY),-registry $(REGISTRY)) $(if $(TAG),-tag $(TAG)) $(if $(PLATFORMS),-platforms $(PLATFORMS))

# Every decoder of requests, events, cookies and prices against made-up input, one after the other: FUZZTIME=60s each.
fuzz:
	@for package in $$(go list ./services/... ./shared/...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$target in $$package"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),60s) -fuzzminimizetime 100x $$package || exit 1; \
		done; \
	done

# The same tests and binaries on every store and broker that can be started here, as a table: ONLY=redis/rabbitmq.
swap: tools
	@if command -v java >/dev/null && command -v mvn >/dev/null; then go run ./tests/tools kafka || echo "no Kafka: its column is left out"; fi
	@go run ./tests/swap

# Each service of another language in the Go service's place, for the same journeys and five rounds of chaos, as a table: ONLY=expiration-python.
polyglot: tools
	@go run ./tests/polyglot

# What the marketplace can do and what that costs, as a table and one line of JSON: QUICK=1 STATE=postgresql PUBSUB=redis.
bench: tools
	@go run ./tests/bench

# Breaks a market on purpose and sees that the alarms for it fire in Prometheus, and no others: about three minutes.
alarms: tools
	@ALARMS=1 go test -count=1 -run WhatBreaks -v ./tests/alarms

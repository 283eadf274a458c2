# Hostile clients against the packed relay. ATTEMPTS=1000000 is the full form; SEED repeats a run.
# TARGET=unix:/run/openbgpd/bgpd.rsock puts the relay in front of a daemon that runs already.

ATTEMPTS ?= 10000

.PHONY: test-hostile ## Attacks the packed relay; ATTEMPTS=1000000 for the full form
test-hostile: package native
	IMSG_HOSTILE_ATTEMPTS=$(ATTEMPTS) IMSG_HOSTILE_SEED=$(SEED) IMSG_HOSTILE_TARGET=$(TARGET) \
		npx --no-install vitest run --config test/e2e/hostile/vitest.config.ts

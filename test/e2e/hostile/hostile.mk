# Hostile clients against the packed relay, in front of the native peer and of a real bgpd, and hostile
# peers of the packed transports. Needs root, as bgpd does. ATTEMPTS=1000000 is the full form, which
# makes so many attempts in each suite; SEED repeats a run. Included by the top Makefile.

ATTEMPTS ?= 10000

.PHONY: test-hostile ## Attacks relay and transports (needs root); ATTEMPTS=1000000
test-hostile: package native
	$(NODE) scripts/daemons.mjs bgpd
	IMSG_HOSTILE_ATTEMPTS=$(ATTEMPTS) IMSG_HOSTILE_SEED=$(SEED) \
		npx --no-install vitest run --config test/e2e/hostile/vitest.config.ts $(VITEST_FLAGS)

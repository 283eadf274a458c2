# The tests against the real programs, bgpd 8.8 and 7.7, smtpd 6.8, tmux and tmux 3.5a, which are
# installed (bgpd 7.7, smtpd and tmux 3.5a: unpacked) if they are missing.
# Needs root, as bgpd does. Included by the top Makefile.

.PHONY: test-daemons ## Tests against bgpd, smtpd and tmux (needs root)
.PHONY: check-examples ## Checks the types of the examples


test-daemons: package check-examples
	$(NODE) scripts/daemons.mjs
	$(NODE) scripts/ensure-apt.mjs tshark
	npx --no-install vitest run --config test/e2e/daemons/vitest.config.ts $(VITEST_FLAGS)

# the examples are JavaScript with types in comments
check-examples: node_modules/.package-lock.json $(TS_GENERATED)
	npx --no-install tsc -p examples/bgpd
	npx --no-install tsc -p examples/tmux
	npx --no-install tsc -p examples/capabilities

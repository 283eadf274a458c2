# Compares the descriptions of the protocols that ship with the daemons' own sources, which are
# downloaded under pinned sums into build/layouts. Included by the top Makefile.
# LAYOUTS_RECORD=1 records the numbers for the quick test of `make test`.

.PHONY: test-layouts ## Checks the layouts of the C structures
test-layouts: node_modules/.package-lock.json
	$(NODE) scripts/ensure-apt.mjs libc6-dev-i386
	npx --no-install vitest run --config test/oracle/layouts/vitest.config.ts --silent=false

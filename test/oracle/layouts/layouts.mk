# The descriptions of the protocols that ship, against the daemons' own sources, which are downloaded
# under pinned sums into build/layouts. Included by the top Makefile.
# LAYOUTS_RECORD=1 writes down what was measured, for the quick test of `make test`.

.PHONY: test-layouts
test-layouts: node_modules/.package-lock.json
	$(NODE) scripts/ensure-apt.mjs libc6-dev-i386
	npx --no-install vitest run --config test/oracle/layouts/vitest.config.ts --silent=false

# The looking glass: `make looking-glass` starts bgpd, a relay and the page, until Ctrl-C.
# With 20,000 routes more: make looking-glass ROUTES=20000. Needs root, as bgpd does.
# SOCKET=/run/openbgpd/bgpd.rsock shows a bgpd that runs already, without root; LISTEN=HOST:PORT is the
# page's address then.
# Included by the top Makefile.

.PHONY: looking-glass ## Starts bgpd, a relay and the looking glass (needs root)
.PHONY: test-looking-glass ## Tests the looking glass in Chromium (needs root)
.PHONY: test-looking-glass-load ## Measures a table of ROUTES routes through the relay (needs root)
.PHONY: test-looking-glass-quick ## Tests the most important part of the looking glass (needs root)
.PHONY: check-looking-glass ## Checks the types of the looking glass

ROUTES ?= 0

ifdef SOCKET
looking-glass: package
	@$(NODE) scripts/looking-glass.mjs --build-only
	@exec $(NODE) examples/looking-glass/serve.mjs --socket '$(SOCKET)' $(if $(LISTEN),--listen '$(LISTEN)')
else
looking-glass: package
	@$(NODE) scripts/daemons.mjs bgpd
	@exec $(NODE) scripts/looking-glass.mjs --routes $(ROUTES) $(if $(PORT),--port $(PORT))
endif

# the page in Chromium against bgpd
test-looking-glass: package check-looking-glass
	$(NODE) scripts/daemons.mjs bgpd bgpd77 tmux
	$(NODE) scripts/ensure-apt.mjs chromium
	npx --no-install vitest run --config test/e2e/looking-glass/vitest.config.ts $(VITEST_FLAGS)

# a route in full, files, links, pages of a large table, the way on a phone, and axe on one screen
test-looking-glass-quick: package check-looking-glass
	$(NODE) scripts/daemons.mjs bgpd bgpd77 tmux
	$(NODE) scripts/ensure-apt.mjs chromium
	npx --no-install vitest run --config test/e2e/looking-glass/vitest.config.ts \
	    -t '^the routes|not small|three steps|light, 1280' detail.page pages.page use.page access.page $(VITEST_FLAGS)

# 20,000 routes, or ROUTES=1000000, from a neighbor of bgpd: prints times and memory
test-looking-glass-load: package
	$(NODE) scripts/daemons.mjs bgpd bgpd77 tmux
	$(NODE) scripts/ensure-apt.mjs chromium
	$(if $(filter-out 0,$(ROUTES)),ROUTES=$(ROUTES)) npx --no-install vitest run --config test/e2e/looking-glass/load/vitest.config.ts $(VITEST_FLAGS)

check-looking-glass: node_modules/.package-lock.json $(TS_GENERATED)
	npx --no-install tsc -p examples/looking-glass

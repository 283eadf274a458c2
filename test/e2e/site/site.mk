# The site: documents, API reference and playground. `make site-serve` serves it until Ctrl-C.
# Included by the top Makefile.

.PHONY: site ## Builds the site (docs, API reference, playground) into build/site
.PHONY: site-serve ## Builds the site, serves it on 127.0.0.1 and prints the address; PORT=8000
.PHONY: test-site ## Tests the site in Chromium; SITE_BROWSERS="chromium firefox"
.PHONY: check-site ## Checks the types of the playground

SITE_BROWSERS ?= chromium
SITE_PACKAGES := $(patsubst firefox,firefox-esr,$(SITE_BROWSERS))

site: package
	@$(NODE) scripts/site.mjs $(SITE_FLAGS)

site-serve: package
	@exec $(NODE) scripts/site.mjs --serve $(SITE_FLAGS) $(if $(PORT),--port $(PORT))

test-site: package check-site
	$(NODE) scripts/ensure-apt.mjs $(SITE_PACKAGES)
	SITE_BROWSERS="$(SITE_BROWSERS)" npx --no-install vitest run --config test/e2e/site/vitest.config.ts $(VITEST_FLAGS)

# without the types of Node: the playground must not need them
check-site: node_modules/.package-lock.json $(TS_GENERATED)
	npx --no-install tsc -p site

.PHONY: site-picture ## Makes the picture of the playground in README
site-picture: site
	$(NODE) scripts/ensure-apt.mjs chromium
	$(NODE) scripts/site-picture.mjs

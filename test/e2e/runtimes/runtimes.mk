# The conformance suite against the packed package, in every runtime; included
# by the top Makefile. RUNTIMES='--only node20,deno' or '--subset ci' runs fewer.

.PHONY: test-runtimes ## Tests the tarball in every runtime; RUNTIMES="--only deno"

test-runtimes: package build/native/peer
	$(NODE) scripts/runtimes.mjs $(RUNTIMES)

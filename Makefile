# `make help` lists the targets.
#
# Names of variables: WASM_, NATIVE_, FUZZ_, FACTS_, BENCH_, DIFF_ and SITE_ belong to one part of the
# build each; C_, TS_ and UPSTREAM_ are lists of files. Programs (NODE, EMCC), and the variables that
# `make help` shows for the command line, have no prefix.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
SHELL := /bin/sh

EMCC ?= emcc
NODE ?= node
UPSTREAM := $(addprefix c-src/upstream/,imsg.h imsg.c imsg-buffer.c sys/queue.h sys/_null.h)
UPSTREAM_UNVERIFIED := c-src/upstream/UNVERIFIED
C_SOURCES := $(wildcard $(addsuffix /*.[ch],c-src c-src/include/bits c-src/libc c-src/original c-src/batch))

.PHONY: FORCE
.PHONY: all ## Builds the module and the package
.PHONY: wasm ## Compiles the module and embeds it in ts/generated
.PHONY: package ## Bundles the package into dist/
.PHONY: native ## Builds the native peer of the tests from the original C
.PHONY: demo ## Exchanges imsgs with a native process
.PHONY: test ## Runs the tests; VITEST_FLAGS go to vitest
.PHONY: test-long ## Runs the tests that take minutes: all planted faults, builds from altered files
.PHONY: check ## Checks lint, format, imports and types
.PHONY: format ## Formats all code
.PHONY: watch ## Rebuilds the module at each change of the C code, and reruns the tests
.PHONY: bench ## Measures speed and memory; ARGS="--quick --only decode"
.PHONY: soak ## Exchanges data with the native peer for long; ARGS="--bytes 1G"
.PHONY: differential ## Compares the wrapper with the native original; ARGS="--ops 1000000"
.PHONY: record ## Records the digest of the module that this compiler makes
.PHONY: clean ## Removes what was built
.PHONY: distclean ## Removes what was built, fetched and installed
.PHONY: help ## Lists the targets

all: package

# --- the original, fetched and verified -------------------------------------

$(UPSTREAM) &: c-src/upstream.lock $(if $(IMSG_UPSTREAM)$(wildcard $(UPSTREAM_UNVERIFIED)),FORCE)
	$(NODE) scripts/fetch-upstream.mjs
	@test -e $(UPSTREAM_UNVERIFIED) || test ! c-src/upstream/imsg.h -ot c-src/upstream.lock || touch $(UPSTREAM)

# --- the module --------------------------------------------------------------

WASM_CFLAGS := -Oz -std=gnu11 -fno-strict-aliasing -mbulk-memory \
	-Wall -Wextra -Werror -iquote c-src -isystem c-src/upstream -isystem build/c -isystem c-src/include
WASM_LDFLAGS := -Oz -sSTANDALONE_WASM --no-entry -sSUPPORT_LONGJMP=0 \
	-sALLOW_MEMORY_GROWTH -sINITIAL_MEMORY=524288 -sTOTAL_STACK=65536 \
	-sERROR_ON_UNDEFINED_SYMBOLS=0 -sWARN_ON_UNDEFINED_SYMBOLS=0 \
	-sBINARYEN_EXTRA_PASSES=-Oz,--reorder-functions

# Debian's emcc looks for its JavaScript tools there
WASM_ENV := NODE_PATH=/usr/share/nodejs

include c-src/generated.mk

# one name a line, as the linker expects them
build/%.list: c-src/%.txt
	@mkdir -p build
	@sed -e '/^#/d' -e '/^$$/d' -e 's/^/_/' $< > $@

build/emcc.stamp: scripts/ensure-emscripten.mjs
	@mkdir -p build
	$(NODE) scripts/ensure-emscripten.mjs --version-file build/emcc-version.txt
	@touch $@

WASM_MODULES := imsg imsg-core imsg-debug
TS_GENERATED := $(WASM_MODULES:%=ts/generated/%.ts)

wasm: $(WASM_MODULES:%=wasm/%.wasm) $(TS_GENERATED)

# the same module with an allocator that checks its invariants
WASM_DEFINE_imsg-debug := -DMEM_DEBUG
# and with the names of its functions, so that the trace of a trap can be read
WASM_NAMES_imsg-debug := --profiling-funcs
WASM_FINISH_imsg-debug := --keep-names
# the package embeds this one, so that its bytes count
WASM_FINISH_imsg-core := --drop-added
# drops the functions whose exports are dropped, orders the others and their locals by their uses, and drops
# the alignments of loads and stores: they are hints that engines ignore, and gzip finds more repetitions without
WASM_TRIM_imsg-core := --enable-bulk-memory --remove-unused-module-elements --reorder-functions \
	--reorder-locals --dealign

# the units of the module; the last one has the large arrays, which must come last
WASM_UNITS := original/module batch/batch batch/arrays

# $(1): the folder of the objects
define objects
build/$(1)/%.o: c-src/%.c $$(C_SOURCES) $$(C_GENERATED) $$(UPSTREAM) Makefile | build/emcc.stamp
	@mkdir -p $$(@D)
	$$(WASM_ENV) $$(EMCC) $$(WASM_CFLAGS) $$(WASM_DEFINE_$(1)) -c -o $$@ $$<
endef
$(eval $(call objects,imsg))
$(eval $(call objects,imsg-debug))

# $(1): the module, $(2): the folder of its objects, $(3): the list of its exports in c-src/
define module
wasm/$(1).wasm: $(WASM_UNITS:%=build/$(2)/%.o) build/$(3).list scripts/finish-wasm.mjs
	$$(WASM_ENV) $$(EMCC) $$(WASM_LDFLAGS) $$(WASM_NAMES_$(1)) -sEXPORTED_FUNCTIONS=@build/$(3).list -o build/$(2)/linked-$(3).wasm $(WASM_UNITS:%=build/$(2)/%.o)
	$$(NODE) scripts/finish-wasm.mjs $$(WASM_FINISH_$(1)) build/$(2)/linked-$(3).wasm $$@ c-src/$(3).txt $$(UPSTREAM_UNVERIFIED)
	$$(if $$(WASM_TRIM_$(1)),"$$$$(em-config BINARYEN_ROOT)/bin/wasm-opt" $$(WASM_TRIM_$(1)) -o $$@ $$@)
endef
$(eval $(call module,imsg,imsg,exports))
$(eval $(call module,imsg-core,imsg,core))
$(eval $(call module,imsg-debug,imsg-debug,exports))

# the newer revision that c-src/upstream.next.lock pins, in a copy; see docs/moving-the-pin.md
.PHONY: next ## Builds the C side on the newer files of OpenBSD
.PHONY: test-next ## Tests the C side on the newer files of OpenBSD
next:
	$(NODE) scripts/next.mjs
test-next: package native
	$(NODE) scripts/next.mjs --test

# the digest of the module that the recorded compiler makes; see wasm/README.md
record: wasm
	@test ! -e $(UPSTREAM_UNVERIFIED) || { echo "record: the module is built from altered files" >&2; exit 1; }
	cd wasm && sha256sum imsg.wasm imsg-debug.wasm > imsg.wasm.sha256
	cd wasm && sha256sum imsg-core.wasm > imsg-core.wasm.sha256
	cp build/emcc-version.txt wasm/compiler.txt

ts/generated/%.ts: wasm/%.wasm scripts/embed-wasm.mjs scripts/lib/embedding.mjs
	@mkdir -p ts/generated
	$(NODE) scripts/embed-wasm.mjs $< $@

# the default instance is made from the core unless C's API is imported, so one needs the other
ts/generated/imsg.ts: ts/generated/imsg-core.ts

# --- the package -------------------------------------------------------------

node_modules/.package-lock.json: package.json package-lock.json
	npm install --omit-lockfile-registry-resolved --no-audit --no-fund
	@touch $@

TS_SOURCES := $(shell find ts -name '*.ts' -not -path 'ts/generated/*')

dist/package.stamp: $(TS_SOURCES) $(TS_GENERATED) tsdown.config.ts package.json tsconfig.json scripts/notices.mjs scripts/sbom.mjs node_modules/.package-lock.json
	npx --no-install tsdown
	$(NODE) scripts/notices.mjs
	$(NODE) scripts/sbom.mjs
	@touch $@

package: wasm dist/package.stamp

# --- programs for the tests ---------------------------------------------------

include $(sort $(wildcard test/*/*.mk test/*/*/*.mk))

native: build/native/peer

# --- demo, tests, measurements ------------------------------------------------

demo: package build/native/peer
	@$(NODE) examples/demo/demo.mjs build/native/peer

test: package native
	npx --no-install vitest run $(VITEST_FLAGS)

test-long: package native
	npx --no-install vitest run --config test/long.vitest.config.ts $(VITEST_FLAGS)

check: node_modules/.package-lock.json $(TS_GENERATED)
	npx --no-install biome check .
	npx --no-install tsc -p tsconfig.check.json

# reruns the tests that import the module; VITEST_FLAGS may name others
watch: package native
	@$(NODE) scripts/watch.mjs $(VITEST_FLAGS)

bench soak differential: node_modules/.package-lock.json
	@$(NODE) scripts/program.mjs $@ $(ARGS)

help:
	@sed -n 's/^\.PHONY: \([a-z-]*\) ## /\1 /p' $(filter Makefile %.mk,$(MAKEFILE_LIST)) | \
	    awk '{ name = $$1; $$1 = ""; printf "make %-20s%s\n", name, $$0 }'

format: node_modules/.package-lock.json
	npx --no-install biome check --write .

clean:
	rm -rf build dist coverage ts/generated wasm/*.wasm

distclean: clean
	rm -rf c-src/upstream node_modules

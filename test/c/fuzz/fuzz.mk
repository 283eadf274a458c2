# Sanitizers, fuzzer and coverage over the C side, natively:
#	make fuzz SECONDS=60	every target for so long, from the corpus on
#	make sanitize		the corpus and the directed tests, without a fuzzer
#	make coverage		lines and branches that these two reach
# Included by the top Makefile, and usable alone from the top folder:
#	make -f test/c/fuzz/fuzz.mk fuzz
# The upstream files must have been fetched before (node scripts/fetch-upstream.mjs).

.PHONY: fuzz ## Fuzzes each target of the C side for SECONDS
.PHONY: sanitize ## Runs the C tests and the corpus under the sanitizers
.PHONY: coverage ## Counts the lines and branches that the C tests reach
.PHONY: fuzz-merge ## Packs new inputs of the fuzzer into the corpus
.PHONY: fuzz-warnings ## Compiles the C side with gcc and clang without a warning
.PHONY: fuzz-tests ## Builds the programs that test/c/kernel.test.ts runs

FZ_CC ?= gcc
FZ_CLANG ?= clang-14
FZ_NODE ?= node
FZ_OUT ?= build/fuzz
FZ_DIR := test/c/fuzz
FZ_TARGETS := stream ops alloc
SECONDS ?= 60

FZ_UPSTREAM := c-src/upstream/imsg.h c-src/upstream/imsg.c c-src/upstream/imsg-buffer.c
ifndef C_GENERATED
include c-src/generated.mk
endif
FZ_DEPENDS := $(C_GENERATED) $(wildcard $(addsuffix /*.[ch],c-src c-src/libc c-src/original c-src/batch) $(FZ_DIR)/*.[ch] \
	test/c/*.h) $(FZ_DIR)/fuzz.mk $(FZ_UPSTREAM)
FZ_FLAGS := -std=gnu11 -g -Wall -Wextra -Werror -fno-strict-aliasing -fno-omit-frame-pointer \
	-Ic-src -I$(FZ_DIR) -isystem c-src/upstream -isystem build/c
FZ_SANITIZE := -O1 -fsanitize=address,undefined
# which allocator a program is built with
FZ_MEM_stream := -DMEM_SYSTEM
FZ_MEM_ops := -DMEM_SYSTEM
FZ_MEM_alloc := -DMEM_DEBUG
FZ_UNIT_stream := system
FZ_UNIT_ops := system
FZ_UNIT_alloc := debug
FZ_DEFINE_system := -DMEM_SYSTEM
FZ_DEFINE_debug := -DMEM_DEBUG
# the corpus, unpacked: a folder of files for each target
FZ_CORPUS := $(FZ_OUT)/corpus
FZ_PACKED := $(wildcard $(FZ_DIR)/corpus/*.base64)
FZ_LOUD := UBSAN_OPTIONS=print_stacktrace=1


$(FZ_CORPUS)/stamp: $(FZ_PACKED) $(FZ_DIR)/corpus.mjs
	@$(FZ_NODE) $(FZ_DIR)/corpus.mjs unpack $(FZ_CORPUS)
	@touch $@

# --- the fuzzer ---------------------------------------------------------------

$(FZ_OUT)/clang.stamp: $(FZ_DIR)/fuzz.mk
	@mkdir -p $(FZ_OUT)
	@echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	    $(FZ_CLANG) -x c -fsanitize=fuzzer,address,undefined -o /dev/null - 2> /dev/null || \
	    $(FZ_NODE) scripts/ensure-apt.mjs clang-14 libclang-rt-14-dev
	@touch $@

$(FZ_OUT)/fuzz-%: $(FZ_DIR)/%.c $(FZ_DEPENDS) | $(FZ_OUT)/clang.stamp
	$(FZ_CLANG) $(FZ_FLAGS) $(FZ_SANITIZE) -fsanitize=fuzzer $(FZ_MEM_$*) -o $@ $< c-src/batch/batch.c $(FZ_DIR)/undefined.c

# New inputs go to build/, findings to build/fuzz/TARGET-crash-…
fuzz: $(FZ_CORPUS)/stamp $(FZ_TARGETS:%=$(FZ_OUT)/fuzz-%)
	@$(FZ_NODE) $(FZ_DIR)/seed.mjs $(FZ_OUT)/seeds
	@for t in $(FZ_TARGETS); do \
	    mkdir -p $(FZ_OUT)/new/$$t; \
	    echo "fuzz: $$t, $(SECONDS) s"; \
	    $(FZ_LOUD) $(FZ_OUT)/fuzz-$$t -max_total_time=$(SECONDS) -timeout=20 -rss_limit_mb=1024 \
		-max_len=16384 -print_final_stats=1 -artifact_prefix=$(FZ_OUT)/$$t- \
		$(FZ_OUT)/new/$$t $(FZ_CORPUS)/$$t $(FZ_OUT)/seeds/$$t \
		> $(FZ_OUT)/$$t.log 2>&1 || { tail -n 60 $(FZ_OUT)/$$t.log; exit 1; }; \
	    grep -E '^(Done|stat::number_of_executed|stat::peak)|DONE' $(FZ_OUT)/$$t.log; \
	done; echo "fuzz: no finding"

# What is worth keeping of the corpus and of what was found, smallest first
fuzz-merge: $(FZ_CORPUS)/stamp $(FZ_TARGETS:%=$(FZ_OUT)/fuzz-%)
	@$(FZ_NODE) $(FZ_DIR)/seed.mjs $(FZ_OUT)/seeds
	@for t in $(FZ_TARGETS); do \
	    rm -rf $(FZ_OUT)/merged/$$t; mkdir -p $(FZ_OUT)/merged/$$t $(FZ_OUT)/new/$$t; \
	    $(FZ_OUT)/fuzz-$$t -set_cover_merge=1 -max_len=8192 $(FZ_OUT)/merged/$$t $(FZ_CORPUS)/$$t \
		$(FZ_OUT)/seeds/$$t $(FZ_OUT)/new/$$t > $(FZ_OUT)/$$t.merge.log 2>&1 || exit 1; \
	    echo "fuzz-merge: $$t: $$(ls $(FZ_OUT)/merged/$$t | wc -l) inputs"; \
	done
	@$(FZ_NODE) $(FZ_DIR)/corpus.mjs pack $(FZ_OUT)/merged

# --- the sanitizers -------------------------------------------------------------

# The directed tests of test/c by the allocator that they are built with;
# module.c is on its own.
FZ_SYSTEM_TESTS := file read write introspect batch original system
FZ_DEBUG_TESTS := $(filter-out system,$(FZ_SYSTEM_TESTS)) alloc arena start
FZ_PLAIN_TESTS := alloc arena
FZ_REPLAY := $(FZ_TARGETS:%=replay-%)
FZ_ALL := $(FZ_SYSTEM_TESTS:%=system-%) $(FZ_DEBUG_TESTS:%=debug-%) $(FZ_PLAIN_TESTS:%=plain-%) module

# $(1): the folder, $(2): the variable with the flags, for one way to build all.
# The batch is a unit of its own, for each allocator.
define FZ_BUILD
$(FZ_OUT)/$(1)/%-unit.o: c-src/batch/batch.c $$(FZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FZ_CC) $$(FZ_FLAGS) $$($(2)) $$(FZ_DEFINE_$$*) -c -o $$@ $$<

$(FZ_OUT)/$(1)/system-%: test/c/%.c $(FZ_OUT)/$(1)/system-unit.o | $$(FZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FZ_CC) $$(FZ_FLAGS) $$($(2)) -DMEM_SYSTEM -o $$@ $$^ $$($(2)_WITH)

$(FZ_OUT)/$(1)/debug-%: test/c/%.c $(FZ_OUT)/$(1)/debug-unit.o | $$(FZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FZ_CC) $$(FZ_FLAGS) $$($(2)) -DMEM_DEBUG -o $$@ $$^ $$($(2)_WITH)

$(FZ_OUT)/$(1)/plain-%: test/c/%.c $(FZ_OUT)/$(1)/plain-unit.o | $$(FZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FZ_CC) $$(FZ_FLAGS) $$($(2)) -o $$@ $$^ $$($(2)_WITH)

$(FZ_OUT)/$(1)/replay-%: $(FZ_DIR)/%.c $$(FZ_DEPENDS) $(FZ_OUT)/$(1)/system-unit.o $(FZ_OUT)/$(1)/debug-unit.o
	@mkdir -p $$(@D)
	$$(FZ_CC) $$(FZ_FLAGS) $$($(2)) $$(FZ_MEM_$$*) -o $$@ $$< \
	    $(FZ_OUT)/$(1)/$$(FZ_UNIT_$$*)-unit.o $(FZ_DIR)/replay.c $$($(2)_WITH)

# a process needs its own malloc: the module's gets another name
$(FZ_OUT)/$(1)/wasm.o: c-src/original/module.c $$(FZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FZ_CC) $$(FZ_FLAGS) $$($(2)) -fno-builtin -c -o $$@ $$<
	objcopy --redefine-sym malloc=module_malloc --redefine-sym free=module_free $$@

$(FZ_OUT)/$(1)/module: test/c/module.c $(FZ_OUT)/$(1)/wasm.o $(FZ_OUT)/$(1)/plain-unit.o
	$$(FZ_CC) $$(FZ_FLAGS) $$($(2)) -o $$@ $$^ $$($(2)_WITH)
endef

FZ_SANITIZE_WITH := $(FZ_DIR)/undefined.c
$(eval $(call FZ_BUILD,sanitize,FZ_SANITIZE))

.SECONDARY: $(foreach d,sanitize plain coverage,$(patsubst %,$(FZ_OUT)/$(d)/%.o,wasm system-unit \
	debug-unit plain-unit))

# $(1): the folder
FZ_RUN = for t in $(FZ_ALL); do $(FZ_OUT)/$(1)/$$t > $(FZ_OUT)/$(1)/$$t.log 2>&1 || \
	{ echo "$$t failed:"; tail -n 40 $(FZ_OUT)/$(1)/$$t.log; exit 1; }; done; \
	for t in $(FZ_TARGETS); do $(FZ_OUT)/$(1)/replay-$$t $(FZ_CORPUS)/$$t \
	> $(FZ_OUT)/$(1)/$$t.log 2>&1 || { tail -n 60 $(FZ_OUT)/$(1)/$$t.log | tr '\r' '\n'; exit 1; }; \
	done

# Our C without a warning, with both compilers and each allocator
fuzz-warnings: $(FZ_DEPENDS) $(FZ_OUT)/clang.stamp
	@for cc in $(FZ_CC) $(FZ_CLANG); do for mem in "" -DMEM_SYSTEM -DMEM_DEBUG; do for o in -O0 -O2; do \
	    $$cc $(FZ_FLAGS) $$o $$mem -c -o /dev/null c-src/original/unit.c && \
	    $$cc $(FZ_FLAGS) $$o $$mem -c -o /dev/null c-src/batch/batch.c || exit 1; \
	done; done; done; echo "fuzz-warnings: none"

sanitize: fuzz-warnings $(FZ_CORPUS)/stamp $(FZ_ALL:%=$(FZ_OUT)/sanitize/%) $(FZ_REPLAY:%=$(FZ_OUT)/sanitize/%)
	@export $(FZ_LOUD); $(call FZ_RUN,sanitize)
	@echo "sanitize: $(words $(FZ_ALL)) programs and $$(cat $(FZ_PACKED) | wc -l) inputs, no finding"

# What test/c/kernel.test.ts runs: the directed tests and the replay of the corpus under the
# sanitizers, and the replay as a plain program
FZ_PLAIN := -O2
$(eval $(call FZ_BUILD,plain,FZ_PLAIN))

fuzz-tests: $(FZ_CORPUS)/stamp $(FZ_ALL:%=$(FZ_OUT)/sanitize/%) $(FZ_REPLAY:%=$(FZ_OUT)/sanitize/%) \
	    $(FZ_REPLAY:%=$(FZ_OUT)/plain/%)
	@echo $(FZ_ALL)

# --- coverage ---------------------------------------------------------------------

# inline functions are counted once, not wherever they were inlined
FZ_COVERAGE := -O0 --coverage -DCOVERAGE '-DINLINE=__attribute__((unused))'
$(eval $(call FZ_BUILD,coverage,FZ_COVERAGE))

coverage: $(FZ_CORPUS)/stamp $(FZ_ALL:%=$(FZ_OUT)/coverage/%) $(FZ_REPLAY:%=$(FZ_OUT)/coverage/%)
	@rm -f $(FZ_OUT)/coverage/*.gcda
	@$(call FZ_RUN,coverage)
	@$(FZ_NODE) $(FZ_DIR)/coverage.mjs $(FZ_OUT)/coverage


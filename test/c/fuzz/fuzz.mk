# Sanitizers, fuzzer and coverage over the C side, natively:
#	make fuzz SECONDS=60	runs every target for so many seconds, beginning with the corpus
#	make sanitize		runs the corpus and the directed tests, without a fuzzer
#	make coverage		counts lines and branches that the corpus and the tests reach
# Included by the top Makefile, and usable alone from the top folder:
#	make -f test/c/fuzz/fuzz.mk fuzz
# The upstream files must have been fetched before (node scripts/fetch-upstream.mjs).

.PHONY: fuzz ## Fuzzes each target of the C side for SECONDS
.PHONY: sanitize ## Runs the C tests and the corpus under the sanitizers
.PHONY: coverage ## Counts the lines and branches that the C tests reach
.PHONY: fuzz-merge ## Packs new inputs of the fuzzer into the corpus
.PHONY: fuzz-warnings ## Compiles the C side with gcc and clang without a warning
.PHONY: fuzz-tests ## Builds the programs that test/c/kernel.test.ts runs

FUZZ_CC ?= gcc
FUZZ_CLANG ?= clang-14
FUZZ_NODE ?= node
FUZZ_BUILD ?= build/fuzz
FUZZ_DIR := test/c/fuzz
FUZZ_TARGETS := stream ops alloc
SECONDS ?= 60

FUZZ_UPSTREAM := c-src/upstream/imsg.h c-src/upstream/imsg.c c-src/upstream/imsg-buffer.c
ifndef C_GENERATED
include c-src/generated.mk
endif
FUZZ_DEPENDS := $(C_GENERATED) $(wildcard $(addsuffix /*.[ch],c-src c-src/libc c-src/original c-src/batch) $(FUZZ_DIR)/*.[ch] \
	test/c/*.h) $(FUZZ_DIR)/fuzz.mk $(FUZZ_UPSTREAM)
FUZZ_FLAGS := -std=gnu11 -g -Wall -Wextra -Werror -fno-strict-aliasing -fno-omit-frame-pointer \
	-iquote c-src -I$(FUZZ_DIR) -isystem c-src/upstream -isystem build/c
FUZZ_SANITIZE := -O1 -fsanitize=address,undefined
# which allocator a program is built with
FUZZ_MEM_stream := -DMEM_SYSTEM
FUZZ_MEM_ops := -DMEM_SYSTEM
FUZZ_MEM_alloc := -DMEM_DEBUG
FUZZ_UNIT_stream := system
FUZZ_UNIT_ops := system
FUZZ_UNIT_alloc := debug
FUZZ_DEFINE_system := -DMEM_SYSTEM
FUZZ_DEFINE_debug := -DMEM_DEBUG
# the corpus, unpacked: a folder of files for each target
FUZZ_CORPUS := $(FUZZ_BUILD)/corpus
FUZZ_PACKED := $(wildcard $(FUZZ_DIR)/corpus/*.gz)
FUZZ_LOUD := UBSAN_OPTIONS=print_stacktrace=1


$(FUZZ_CORPUS)/stamp: $(FUZZ_PACKED) $(FUZZ_DIR)/corpus.mjs
	@$(FUZZ_NODE) $(FUZZ_DIR)/corpus.mjs unpack $(FUZZ_CORPUS)
	@touch $@

# --- the fuzzer ---------------------------------------------------------------

$(FUZZ_BUILD)/clang.stamp: $(FUZZ_DIR)/fuzz.mk
	@mkdir -p $(FUZZ_BUILD)
	@echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	    $(FUZZ_CLANG) -x c -fsanitize=fuzzer,address,undefined -o /dev/null - 2> /dev/null || \
	    $(FUZZ_NODE) scripts/ensure-apt.mjs clang-14 libclang-rt-14-dev
	@touch $@

$(FUZZ_BUILD)/fuzz-%: $(FUZZ_DIR)/%.c $(FUZZ_DEPENDS) | $(FUZZ_BUILD)/clang.stamp
	$(FUZZ_CLANG) $(FUZZ_FLAGS) $(FUZZ_SANITIZE) -fsanitize=fuzzer $(FUZZ_MEM_$*) -o $@ $< c-src/batch/batch.c $(FUZZ_DIR)/undefined.c

# New inputs go to build/, findings to build/fuzz/TARGET-crash-…
fuzz: $(FUZZ_CORPUS)/stamp $(FUZZ_TARGETS:%=$(FUZZ_BUILD)/fuzz-%)
	@$(FUZZ_NODE) $(FUZZ_DIR)/seed.mjs $(FUZZ_BUILD)/seeds
	@for t in $(FUZZ_TARGETS); do \
	    mkdir -p $(FUZZ_BUILD)/new/$$t; \
	    echo "fuzz: $$t, $(SECONDS) s"; \
	    $(FUZZ_LOUD) $(FUZZ_BUILD)/fuzz-$$t -max_total_time=$(SECONDS) -timeout=20 -rss_limit_mb=1024 \
		-max_len=16384 -print_final_stats=1 -artifact_prefix=$(FUZZ_BUILD)/$$t- \
		$(FUZZ_BUILD)/new/$$t $(FUZZ_CORPUS)/$$t $(FUZZ_BUILD)/seeds/$$t \
		> $(FUZZ_BUILD)/$$t.log 2>&1 || { tail -n 60 $(FUZZ_BUILD)/$$t.log; exit 1; }; \
	    grep -E '^(Done|stat::number_of_executed|stat::peak)|DONE' $(FUZZ_BUILD)/$$t.log; \
	done; echo "fuzz: no finding"

# Keeps the inputs of the corpus and of the fuzzer that reach new code, the smallest first
fuzz-merge: $(FUZZ_CORPUS)/stamp $(FUZZ_TARGETS:%=$(FUZZ_BUILD)/fuzz-%)
	@$(FUZZ_NODE) $(FUZZ_DIR)/seed.mjs $(FUZZ_BUILD)/seeds
	@for t in $(FUZZ_TARGETS); do \
	    rm -rf $(FUZZ_BUILD)/merged/$$t; mkdir -p $(FUZZ_BUILD)/merged/$$t $(FUZZ_BUILD)/new/$$t; \
	    $(FUZZ_BUILD)/fuzz-$$t -set_cover_merge=1 -max_len=8192 $(FUZZ_BUILD)/merged/$$t $(FUZZ_CORPUS)/$$t \
		$(FUZZ_BUILD)/seeds/$$t $(FUZZ_BUILD)/new/$$t > $(FUZZ_BUILD)/$$t.merge.log 2>&1 || exit 1; \
	    echo "fuzz-merge: $$t: $$(ls $(FUZZ_BUILD)/merged/$$t | wc -l) inputs"; \
	done
	@$(FUZZ_NODE) $(FUZZ_DIR)/corpus.mjs pack $(FUZZ_BUILD)/merged

# --- the sanitizers -------------------------------------------------------------

# The directed tests of test/c by the allocator that they are built with;
# module.c is on its own.
FUZZ_SYSTEM_TESTS := file read write introspect batch inplace original system
FUZZ_DEBUG_TESTS := $(filter-out system,$(FUZZ_SYSTEM_TESTS)) alloc misuse arena start
FUZZ_PLAIN_TESTS := alloc arena
FUZZ_REPLAY := $(FUZZ_TARGETS:%=replay-%)
FUZZ_ALL := $(FUZZ_SYSTEM_TESTS:%=system-%) $(FUZZ_DEBUG_TESTS:%=debug-%) $(FUZZ_PLAIN_TESTS:%=plain-%) module

# $(1): the folder, $(2): the variable with the flags, for one way to build all.
# The batch is a unit of its own, for each allocator.
define FUZZ_RULES
$(FUZZ_BUILD)/$(1)/%-unit.o: c-src/batch/batch.c $$(FUZZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(FUZZ_FLAGS) $$($(2)) $$(FUZZ_DEFINE_$$*) -c -o $$@ $$<

$(FUZZ_BUILD)/$(1)/system-%: test/c/%.c $(FUZZ_BUILD)/$(1)/system-unit.o | $$(FUZZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(FUZZ_FLAGS) $$($(2)) -DMEM_SYSTEM -o $$@ $$^ $$($(2)_WITH)

$(FUZZ_BUILD)/$(1)/debug-%: test/c/%.c $(FUZZ_BUILD)/$(1)/debug-unit.o | $$(FUZZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(FUZZ_FLAGS) $$($(2)) -DMEM_DEBUG -o $$@ $$^ $$($(2)_WITH)

$(FUZZ_BUILD)/$(1)/plain-%: test/c/%.c $(FUZZ_BUILD)/$(1)/plain-unit.o | $$(FUZZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(FUZZ_FLAGS) $$($(2)) -o $$@ $$^ $$($(2)_WITH)

$(FUZZ_BUILD)/$(1)/replay-%: $(FUZZ_DIR)/%.c $$(FUZZ_DEPENDS) $(FUZZ_BUILD)/$(1)/system-unit.o $(FUZZ_BUILD)/$(1)/debug-unit.o
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(FUZZ_FLAGS) $$($(2)) $$(FUZZ_MEM_$$*) -o $$@ $$< \
	    $(FUZZ_BUILD)/$(1)/$$(FUZZ_UNIT_$$*)-unit.o $(FUZZ_DIR)/replay.c $$($(2)_WITH)

# a process needs its own malloc: the module's gets another name
$(FUZZ_BUILD)/$(1)/wasm.o: c-src/original/module.c $$(FUZZ_DEPENDS)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(FUZZ_FLAGS) $$($(2)) -fno-builtin -c -o $$@ $$<
	objcopy --redefine-sym malloc=module_malloc --redefine-sym free=module_free $$@

$(FUZZ_BUILD)/$(1)/module: test/c/module.c $(FUZZ_BUILD)/$(1)/wasm.o $(FUZZ_BUILD)/$(1)/plain-unit.o
	$$(FUZZ_CC) $$(FUZZ_FLAGS) $$($(2)) -o $$@ $$^ $$($(2)_WITH)
endef

FUZZ_SANITIZE_WITH := $(FUZZ_DIR)/undefined.c
$(eval $(call FUZZ_RULES,sanitize,FUZZ_SANITIZE))

.SECONDARY: $(foreach d,sanitize plain coverage,$(patsubst %,$(FUZZ_BUILD)/$(d)/%.o,wasm system-unit \
	debug-unit plain-unit))

# $(1): the folder
FUZZ_RUN = for t in $(FUZZ_ALL); do $(FUZZ_BUILD)/$(1)/$$t > $(FUZZ_BUILD)/$(1)/$$t.log 2>&1 || \
	{ echo "$$t failed:"; tail -n 40 $(FUZZ_BUILD)/$(1)/$$t.log; exit 1; }; done; \
	for t in $(FUZZ_TARGETS); do $(FUZZ_BUILD)/$(1)/replay-$$t $(FUZZ_CORPUS)/$$t \
	> $(FUZZ_BUILD)/$(1)/$$t.log 2>&1 || { tail -n 60 $(FUZZ_BUILD)/$(1)/$$t.log | tr '\r' '\n'; exit 1; }; \
	done

# Our C without a warning, with both compilers and each allocator
fuzz-warnings: $(FUZZ_DEPENDS) $(FUZZ_BUILD)/clang.stamp
	@for cc in $(FUZZ_CC) $(FUZZ_CLANG); do for mem in "" -DMEM_SYSTEM -DMEM_DEBUG; do for o in -O0 -O2; do \
	    $$cc $(FUZZ_FLAGS) $$o $$mem -c -o /dev/null c-src/original/unit.c && \
	    $$cc $(FUZZ_FLAGS) $$o $$mem -c -o /dev/null c-src/batch/batch.c || exit 1; \
	done; done; done; echo "fuzz-warnings: none"

sanitize: fuzz-warnings $(FUZZ_CORPUS)/stamp $(FUZZ_ALL:%=$(FUZZ_BUILD)/sanitize/%) $(FUZZ_REPLAY:%=$(FUZZ_BUILD)/sanitize/%)
	@export $(FUZZ_LOUD); $(call FUZZ_RUN,sanitize)
	@echo "sanitize: $(words $(FUZZ_ALL)) programs and $$(find $(FUZZ_TARGETS:%=$(FUZZ_CORPUS)/%) -type f | wc -l) inputs, no finding"

# What test/c/kernel.test.ts runs: the directed tests and the replay of the corpus under the
# sanitizers, and the replay as a plain program
FUZZ_PLAIN := -O2
$(eval $(call FUZZ_RULES,plain,FUZZ_PLAIN))

fuzz-tests: $(FUZZ_CORPUS)/stamp $(FUZZ_ALL:%=$(FUZZ_BUILD)/sanitize/%) $(FUZZ_REPLAY:%=$(FUZZ_BUILD)/sanitize/%) \
	    $(FUZZ_REPLAY:%=$(FUZZ_BUILD)/plain/%)
	@echo $(FUZZ_ALL)

# --- coverage ---------------------------------------------------------------------

# inline functions are counted once, not wherever they were inlined
FUZZ_COVERAGE := -O0 --coverage -DCOVERAGE '-DINLINE=__attribute__((unused))'
$(eval $(call FUZZ_RULES,coverage,FUZZ_COVERAGE))

coverage: $(FUZZ_CORPUS)/stamp $(FUZZ_ALL:%=$(FUZZ_BUILD)/coverage/%) $(FUZZ_REPLAY:%=$(FUZZ_BUILD)/coverage/%)
	@rm -f $(FUZZ_BUILD)/coverage/*.gcda
	@$(call FUZZ_RUN,coverage)
	@$(FUZZ_NODE) $(FUZZ_DIR)/coverage.mjs $(FUZZ_BUILD)/coverage


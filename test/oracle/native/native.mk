# The native peer of the tests: the original C built with the system's compiler.
# Included by the top Makefile, and usable alone from the top folder:
#	make -f test/oracle/native/native.mk build/native/peer
# The upstream files must have been fetched before (node scripts/fetch-upstream.mjs).

NATIVE_CC ?= cc
NATIVE_CFLAGS ?= -O2 -g
NATIVE_WARNINGS = -Wall -Wextra -Werror
NATIVE_UPSTREAM ?= c-src/upstream
NATIVE_BUILD ?= build/native
NATIVE_DIR = test/oracle/native
# Upstream's own sys/queue.h comes first: glibc's lacks a few macros.
NATIVE_CPPFLAGS = -I$(NATIVE_UPSTREAM) -include $(NATIVE_DIR)/compat.h -MMD -MP
NATIVE_UPSTREAM_OBJECTS = $(NATIVE_BUILD)/imsg.o $(NATIVE_BUILD)/imsg-buffer.o
NATIVE_PEER_OBJECTS = $(patsubst %,$(NATIVE_BUILD)/peer-%.o,peer conn commands records)

$(NATIVE_BUILD)/peer: $(NATIVE_PEER_OBJECTS) $(NATIVE_UPSTREAM_OBJECTS)
	$(NATIVE_CC) $(NATIVE_CFLAGS) $(NATIVE_LDFLAGS) -o $@ $^

$(NATIVE_UPSTREAM_OBJECTS): $(NATIVE_BUILD)/%.o: $(NATIVE_UPSTREAM)/%.c $(NATIVE_DIR)/compat.h
	@mkdir -p $(@D)
	$(NATIVE_CC) $(NATIVE_CFLAGS) -w $(NATIVE_CPPFLAGS) -c -o $@ $<

# imsg.c stands for all fetched files: imsg.h must exist before the first
# compilation, which writes the list of included headers.
$(NATIVE_PEER_OBJECTS): $(NATIVE_BUILD)/peer-%.o: $(NATIVE_DIR)/%.c | $(NATIVE_UPSTREAM)/imsg.c
	@mkdir -p $(@D)
	$(NATIVE_CC) $(NATIVE_CFLAGS) $(NATIVE_WARNINGS) $(NATIVE_CPPFLAGS) -c -o $@ $<

-include $(NATIVE_PEER_OBJECTS:.o=.d) $(NATIVE_UPSTREAM_OBJECTS:.o=.d)

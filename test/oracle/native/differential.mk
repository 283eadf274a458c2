# The native driver of the differential test: the original's two files with
# the system calls and the heap redirected to the driver's own.
#
#   make -f test/oracle/native/differential.mk [DIFF_UPSTREAM=...] [DIFF_BUILD=...] [DIFF_SANITIZE=1]

DIFF_UPSTREAM ?= c-src/upstream
DIFF_BUILD ?= build/differential
DIFF_CC ?= gcc
DIFF_OBJCOPY ?= objcopy
DIFF_CFLAGS ?= -O2 -g
ifdef DIFF_SANITIZE
DIFF_SANITIZE_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
# NULL with a length of zero, which the original passes for empty ibufs
DIFF_NULL := -fno-sanitize=nonnull-attribute
endif

DIFF_DIR := test/oracle/native/differential
DIFF_DRIVER := main transcript arguments memory kernel sockets wire objects \
		   values readers ops_kernel ops_value ops_ibuf ops_get \
		   ops_msgbuf ops_imsgbuf ops_imsg
DIFF_FILES := imsg imsg-buffer
# The driver's own objects do not depend on which copy of the original it has.
DIFF_OBJ ?= $(DIFF_BUILD)
DIFF_OBJS := $(DIFF_DRIVER:%=$(DIFF_OBJ)/%.o)
DIFF_ORIGINAL ?= $(DIFF_FILES:%=$(DIFF_BUILD)/%.upstream.o)
DIFF_CALLS := readv writev recvmsg sendmsg close getpid malloc calloc \
		   realloc free freezero strndup

$(DIFF_BUILD)/driver: $(DIFF_OBJS) $(DIFF_ORIGINAL)
	$(DIFF_CC) $(DIFF_CFLAGS) $(DIFF_SANITIZE_FLAGS) $(DIFF_LDFLAGS) -o $@ $^

$(DIFF_OBJ)/%.o: $(DIFF_DIR)/%.c $(wildcard $(DIFF_DIR)/*.h)
	@mkdir -p $(DIFF_OBJ)
	$(DIFF_CC) $(DIFF_CFLAGS) $(DIFF_SANITIZE_FLAGS) -std=gnu11 -Wall -Wextra -Werror \
	    -I$(DIFF_UPSTREAM) -c -o $@ $<

$(DIFF_BUILD)/%.upstream.o: $(DIFF_UPSTREAM)/%.c $(DIFF_DIR)/compat.h
	@mkdir -p $(DIFF_BUILD)
	$(DIFF_CC) $(DIFF_CFLAGS) $(DIFF_SANITIZE_FLAGS) $(DIFF_NULL) -fno-builtin -std=gnu11 -D_GNU_SOURCE -w \
	    -include $(DIFF_DIR)/compat.h -I$(DIFF_UPSTREAM) -c -o $@ $<
	$(DIFF_OBJCOPY) $(foreach c,$(DIFF_CALLS),--redefine-sym $(c)=dt_$(c)) $@

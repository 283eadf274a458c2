# Builds the program that shows the facts of docs/upstream-notes.md on the original. The system
# calls and the heap of the original's objects are redirected to ours.
#	make -f test/oracle/facts/facts.mk

FACTS_CC ?= cc
FACTS_UPSTREAM ?= c-src/upstream
FACTS_BUILD ?= build/core
FACTS_DIR := test/oracle/facts
FACTS_CFLAGS := -O1 -g -std=gnu11 -D_GNU_SOURCE -include $(FACTS_DIR)/compat.h \
	-I$(FACTS_UPSTREAM)
FACTS_CALLS := malloc calloc realloc free freezero strndup \
	readv writev recvmsg sendmsg close

$(FACTS_BUILD)/facts: $(wildcard $(FACTS_DIR)/*.c $(FACTS_DIR)/*.h) $(FACTS_DIR)/facts.mk \
	    | $(FACTS_UPSTREAM)/imsg.c
	@mkdir -p $(@D)
	for f in imsg imsg-buffer; do \
		$(FACTS_CC) $(FACTS_CFLAGS) -fno-builtin -w -c \
		    -o $(@D)/$$f.o $(FACTS_UPSTREAM)/$$f.c && \
		objcopy $(foreach c,$(FACTS_CALLS),--redefine-sym $(c)=fact_$(c)) \
		    $(@D)/$$f.o || exit 1; \
	done
	$(FACTS_CC) $(FACTS_CFLAGS) -Wall -Wextra -Werror -o $@ \
	    $(wildcard $(FACTS_DIR)/*.c) $(@D)/imsg.o $(@D)/imsg-buffer.o

# The native driver of the differential test: the original's two files with
# the system calls and the heap redirected to the driver's own.
#
#   make -f test/oracle/native/differential.mk [UPSTREAM_DIR=...] [OUT=...] [SANITIZE=1]

UPSTREAM_DIR	?= c-src/upstream
OUT		?= build/differential
DT_CC		?= gcc
OBJCOPY		?= objcopy
DT_CFLAGS	?= -O2 -g
ifdef SANITIZE
DT_SANITIZE	:= -fsanitize=address,undefined -fno-sanitize-recover=undefined
# NULL with a length of zero, which the original passes for empty ibufs
DT_NULL		:= -fno-sanitize=nonnull-attribute
endif

DT_SRC		:= test/oracle/native/differential
DT_DRIVER	:= main transcript arguments memory kernel sockets wire objects \
		   values readers ops_kernel ops_value ops_ibuf ops_get \
		   ops_msgbuf ops_imsgbuf ops_imsg
DT_UPSTREAM	:= imsg imsg-buffer
# The driver's own objects do not depend on which copy of the original it has.
DT_OBJ		?= $(OUT)
DT_OBJS		:= $(DT_DRIVER:%=$(DT_OBJ)/%.o)
DT_ORIGINAL	?= $(DT_UPSTREAM:%=$(OUT)/%.upstream.o)
DT_CALLS	:= readv writev recvmsg sendmsg close getpid malloc calloc \
		   realloc free freezero strndup

$(OUT)/driver: $(DT_OBJS) $(DT_ORIGINAL)
	$(DT_CC) $(DT_CFLAGS) $(DT_SANITIZE) $(DT_LDFLAGS) -o $@ $^

$(DT_OBJ)/%.o: $(DT_SRC)/%.c $(wildcard $(DT_SRC)/*.h)
	@mkdir -p $(DT_OBJ)
	$(DT_CC) $(DT_CFLAGS) $(DT_SANITIZE) -std=gnu11 -Wall -Wextra -Werror \
	    -I$(UPSTREAM_DIR) -c -o $@ $<

$(OUT)/%.upstream.o: $(UPSTREAM_DIR)/%.c $(DT_SRC)/compat.h
	@mkdir -p $(OUT)
	$(DT_CC) $(DT_CFLAGS) $(DT_SANITIZE) $(DT_NULL) -fno-builtin -std=gnu11 -D_GNU_SOURCE -w \
	    -include $(DT_SRC)/compat.h -I$(UPSTREAM_DIR) -c -o $@ $<
	$(OBJCOPY) $(foreach c,$(DT_CALLS),--redefine-sym $(c)=dt_$(c)) $@

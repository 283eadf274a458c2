# The peer of the lives over sockets: a program in C that knows nothing of imsg.
# Included by the top Makefile.

build/native/lives-peer: test/ts/lives/real/peer.c
	@mkdir -p $(@D)
	$(NATIVE_CC) $(NATIVE_CFLAGS) $(NATIVE_WARNINGS) -o $@ $<

native: build/native/lives-peer

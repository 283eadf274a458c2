# Verifies the fetched files, and makes the header that they are compiled with. Included by the top
# Makefile and by test/c/fuzz/fuzz.mk, which also works alone.

# The compiler searches these folders before that of the original's headers.
unexport CPATH C_INCLUDE_PATH EMCC_CFLAGS

C_GENERATED := build/c/static_prototypes.h

# The sums of the fetched files are compared with the lock whenever make starts, whatever the times
# of the files say: an altered file is never compiled. So is the folder of the generated header, which
# the compiler searches before the system's.
ifneq ($(filter-out clean distclean help,$(or $(MAKECMDGOALS),all)),)
ifneq ($(wildcard c-src/upstream),)
ifneq ($(shell { node scripts/fetch-upstream.mjs --verify && \
    node scripts/static-prototypes.mjs --verify build/c c-src/upstream/imsg.h; } || echo altered),)
$(error the original files are not as they were published: see above)
endif
endif
endif

$(C_GENERATED): scripts/static-prototypes.mjs c-src/upstream/imsg.h
	@mkdir -p $(@D)
	node $< c-src/upstream/imsg.h > $@

# The header that the C is compiled with beside the fetched files. Included by the top Makefile and
# by test/c/fuzz/fuzz.mk, which also works alone.

C_GENERATED := build/c/static_prototypes.h

$(C_GENERATED): scripts/static-prototypes.mjs c-src/upstream/imsg.h
	@mkdir -p $(@D)
	node $< c-src/upstream/imsg.h > $@

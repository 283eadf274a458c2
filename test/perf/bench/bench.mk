# The native side of `npm run bench`.

.PHONY: bench-native ## Builds the native side of the benchmark

BENCH_CFLAGS := -O2 -std=gnu11 -fno-strict-aliasing -D_GNU_SOURCE

bench-native: build/bench/plain build/bench/core

build/bench/plain: test/perf/bench/native/bench.c test/oracle/native/compat.h $(UPSTREAM)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -w -include test/oracle/native/compat.h -Ic-src/upstream \
	    -Dreadv=bench_readv -Dwritev=bench_writev -o $@ \
	    test/perf/bench/native/bench.c c-src/upstream/imsg.c c-src/upstream/imsg-buffer.c

build/bench/core: test/perf/bench/native/bench.c $(C_SOURCES) $(C_GENERATED) $(UPSTREAM)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -Wall -Wextra -Werror -DWITH_CORE -iquote c-src \
	    -isystem c-src/upstream -isystem build/c -o $@ test/perf/bench/native/bench.c c-src/original/unit.c c-src/batch/batch.c

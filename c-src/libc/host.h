#ifndef HOST_H
#define HOST_H

#include <stdint.h>

/*
 * The functions that the host provides: the module's only imports.  The host
 * must not call the module from them.
 */

#ifdef __wasm__
#define HOST(name)	__attribute__((import_module("env"), import_name(#name)))
#else
#define HOST(name)
#endif

/*
 * Notes that a descriptor was closed: its number, or -1 if it was on its way in
 * written bytes, and the host value that must be closed now, or 0 if something
 * else still refers to the value.
 */
HOST(host_close)
void		 host_close(int, uint32_t);
/*
 * Returns the total length of the message with this header (the number of the
 * reader, the header, its size), or 0 if the host refuses the message.
 */
HOST(host_header)
uint32_t	 host_header(uint32_t, const void *, uint32_t);

#endif

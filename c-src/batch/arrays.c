/*
 * The large arrays of both units, in a unit of their own that is linked last: all
 * other data then has low addresses, which take fewer bytes in the module's code.
 */

#include "batch/batch.h"
#ifndef MEM_SYSTEM
#include "libc/arena.h"

uint8_t		 page_state[PAGES_MAX];
uint16_t	 page_back[PAGES_MAX];
#endif

_Alignas(16) unsigned char	 batch_in[BATCH_LEAD + BATCH_WINDOW];
_Alignas(16) unsigned char	 batch_out[BATCH_OUTGOING];
struct imsg_hdr			 batch_hdrs[BATCH_MESSAGES + BATCH_MESSAGES / 4];

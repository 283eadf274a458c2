/* Removes the macros of original/begin.h. */

#undef malloc
#undef calloc
#undef realloc
#undef free
#undef freezero
#undef strndup
#undef readv
#undef writev
#undef recvmsg
#undef sendmsg
#undef close
#undef getpid
#undef abort
#undef memcpy
#undef strlcpy

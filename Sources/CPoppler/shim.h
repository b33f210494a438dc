#include <poppler.h>
/* The allocator's settings, which Swift's module of the C library does not show. */
#include <malloc.h>

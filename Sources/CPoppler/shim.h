#include <poppler.h>
/* Where Poppler asks for the fonts that a document does not bring. */
#include <fontconfig/fontconfig.h>
/* The allocator's settings, which Swift's module of the C library does not show. */
#include <malloc.h>

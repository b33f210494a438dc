/* An image made smaller as its rows come, in any order; each target pixel is the mean of what it covers. */
#ifndef SCALING_H
#define SCALING_H

#include "CRaster.h"

struct scaling {
    uint32_t source_width, source_height;
    uint32_t width, height;
    /* Red, green and blue of each target pixel, and of one row of them before it is shared out among two. */
    float *sums, *line;
};

/* The largest size with the source's proportions that fits into the request and is not larger than the source. */
void scaling_fit(
    uint32_t source_width, uint32_t source_height, const struct raster_request *request, uint32_t *width, uint32_t *height);

/* Begins to scale to a size that is not larger than the source. False where there is no memory. */
int scaling_begin(
    struct scaling *scaling, uint32_t source_width, uint32_t source_height, uint32_t width, uint32_t height);

/* Adds a source row: `count` pixels of RGB, the first at column `first` and then every `step` columns. Each source pixel has to be
   added once. */
void scaling_add(
    struct scaling *scaling, const uint8_t *row, uint32_t count, uint32_t y, uint32_t first, uint32_t step);

enum raster_outcome scaling_finish(struct scaling *scaling, struct raster *raster);

/* Frees what `scaling_begin` took. */
void scaling_end(struct scaling *scaling);

#endif

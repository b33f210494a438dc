#include "scaling.h"

#include <stdlib.h>
#include <string.h>

void scaling_fit(
    uint32_t source_width, uint32_t source_height, const struct raster_request *request, uint32_t *width, uint32_t *height) {
    uint64_t wide = source_width, high = source_height;
    *width = source_width;
    *height = source_height;
    if (wide <= request->width && high <= request->height) return;
    if (wide * request->height >= high * request->width) {
        *width = request->width;
        *height = (uint32_t)((2 * high * request->width + wide) / (2 * wide));
    } else {
        *height = request->height;
        *width = (uint32_t)((2 * wide * request->height + high) / (2 * high));
    }
    if (*width == 0) *width = 1;
    if (*height == 0) *height = 1;
}

int scaling_begin(
    struct scaling *scaling, uint32_t source_width, uint32_t source_height, uint32_t width, uint32_t height) {
    *scaling = (struct scaling){
        .source_width = source_width, .source_height = source_height, .width = width, .height = height,
        .sums = calloc((size_t)width * height, 3 * sizeof(float)), .line = calloc(width, 3 * sizeof(float))};
    return scaling->sums && scaling->line;
}

/* Where a source pixel falls among the target's: on `target` with the first weight, on the next with the second. The weights of
   all that falls on one are 1. Exact in integers: source pixel x covers x·target … (x+1)·target where target t covers
   t·source … (t+1)·source; it meets two at most, because the target is not larger. */
struct share {
    uint32_t target;
    float first, second;
};

static struct share share_of(uint32_t position, uint32_t source, uint32_t target) {
    uint64_t start = (uint64_t)position * target;
    uint64_t index = start / source;
    uint64_t here = (index + 1) * source - start;
    if (here > target) here = target;
    return (struct share){(uint32_t)index, (float)here / (float)source, (float)(target - here) / (float)source};
}

void scaling_add(
    struct scaling *scaling, const uint8_t *row, uint32_t count, uint32_t y, uint32_t first, uint32_t step) {
    size_t length = (size_t)scaling->width * 3;
    memset(scaling->line, 0, length * sizeof(float));
    for (uint32_t index = 0; index < count; index++, row += 3) {
        struct share across = share_of(first + index * step, scaling->source_width, scaling->width);
        float *sum = scaling->line + (size_t)across.target * 3;
        for (int channel = 0; channel < 3; channel++) sum[channel] += across.first * row[channel];
        if (across.second > 0)
            for (int channel = 0; channel < 3; channel++) sum[3 + channel] += across.second * row[channel];
    }
    struct share down = share_of(y, scaling->source_height, scaling->height);
    float *sums = scaling->sums + down.target * length;
    for (size_t index = 0; index < length; index++) sums[index] += down.first * scaling->line[index];
    if (down.second > 0)
        for (size_t index = 0; index < length; index++) sums[length + index] += down.second * scaling->line[index];
}

static uint8_t rounded(float value) { return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)(value + 0.5f); }

enum raster_outcome scaling_finish(struct scaling *scaling, struct raster *raster) {
    size_t count = (size_t)scaling->width * scaling->height;
    uint8_t *pixels = malloc(count * 4);
    if (!pixels) return RASTER_NO_MEMORY;
    for (size_t index = 0; index < count; index++) {
        const float *sum = scaling->sums + index * 3;
        pixels[index * 4] = rounded(sum[2]);
        pixels[index * 4 + 1] = rounded(sum[1]);
        pixels[index * 4 + 2] = rounded(sum[0]);
        pixels[index * 4 + 3] = 0xFF;
    }
    *raster = (struct raster){scaling->width, scaling->height, (size_t)scaling->width * 4, pixels};
    return RASTER_DONE;
}

void scaling_end(struct scaling *scaling) {
    free(scaling->sums);
    free(scaling->line);
    scaling->sums = scaling->line = NULL;
}

enum raster_outcome raster_turn(struct raster *raster, int orientation) {
    if (orientation < 2 || orientation > 8) return RASTER_DONE;
    int is_across = orientation >= 5;
    uint32_t width = is_across ? raster->height : raster->width, height = is_across ? raster->width : raster->height;
    uint32_t *turned = malloc((size_t)width * height * 4);
    if (!turned) return RASTER_NO_MEMORY;
    for (uint32_t y = 0; y < raster->height; y++) {
        const uint8_t *row = raster->pixels + y * raster->stride;
        uint32_t up = raster->height - 1 - y;
        for (uint32_t x = 0; x < raster->width; x++) {
            uint32_t left = raster->width - 1 - x, column, line;
            switch (orientation) {
                case 2: column = left, line = y; break;
                case 3: column = left, line = up; break;
                case 4: column = x, line = up; break;
                case 5: column = y, line = x; break;
                case 6: column = up, line = x; break;
                case 7: column = up, line = left; break;
                default: column = y, line = left; break;
            }
            memcpy(turned + (size_t)line * width + column, row + (size_t)x * 4, 4);
        }
    }
    free(raster->pixels);
    *raster = (struct raster){width, height, (size_t)width * 4, (uint8_t *)turned};
    return RASTER_DONE;
}

/* Images as pixels, for a confined process: JPEG and PNG read and made smaller while they are decoded, so that memory goes with
   what is asked for and not with what is there; and PNG written, of pixels alone. */
#ifndef CRASTER_H
#define CRASTER_H

#include <stddef.h>
#include <stdint.h>

enum raster_outcome {
    RASTER_DONE = 0,
    /* It cannot be decoded; `reason` says why. */
    RASTER_DAMAGED,
    /* The source has more pixels than are allowed; nothing was decoded. */
    RASTER_TOO_MANY_PIXELS,
    /* What is written would be longer than is allowed. */
    RASTER_TOO_LONG,
    RASTER_NO_MEMORY,
};

/* Pixels as cairo has them (CAIRO_FORMAT_RGB24): blue, green, red and a byte without meaning. `pixels` is for free(3). */
struct raster {
    uint32_t width, height;
    size_t stride;
    uint8_t *pixels;
};

/* What an image is read for: to fit into `width` times `height`, never larger than it is, out of `source_pixels` at most. */
struct raster_request {
    uint32_t width, height;
    uint64_t source_pixels;
};

#define RASTER_REASON_SIZE 200

/* Reads the image in memory into a new raster. Transparency is laid over white. `reason` has RASTER_REASON_SIZE bytes. */
enum raster_outcome raster_read_jpeg(
    const uint8_t *bytes, size_t size, struct raster_request request, struct raster *raster, char *reason);
enum raster_outcome raster_read_png(
    const uint8_t *bytes, size_t size, struct raster_request request, struct raster *raster, char *reason);

/* Turns the raster as the Exif orientation (2 to 8) says that it is to be shown; does nothing for others. */
enum raster_outcome raster_turn(struct raster *raster, int orientation);

/* Writes the pixels as a PNG, RGB with 8 bits and without any other chunk, of `at_most` bytes. `*bytes` is for free(3). */
enum raster_outcome raster_write_png(const struct raster *raster, size_t at_most, uint8_t **bytes, size_t *size);

#endif

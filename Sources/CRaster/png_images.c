#include "scaling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/* The message of the error that a function of the library jumped out with. */
static void fail(png_structp png, png_const_charp message) {
    char *reason = png_get_error_ptr(png);
    if (reason) snprintf(reason, RASTER_REASON_SIZE, "the PNG is damaged: %s", message);
    png_longjmp(png, 1);
}

static void say_nothing(png_structp png, png_const_charp message) { (void)png, (void)message; }

struct source {
    const uint8_t *bytes;
    size_t left;
};

static void take(png_structp png, png_bytep into, size_t count) {
    struct source *source = png_get_io_ptr(png);
    if (count > source->left) png_error(png, "it ends too early");
    memcpy(into, source->bytes, count);
    source->bytes += count;
    source->left -= count;
}

/* RGBA over white to RGB, in place. */
static void lay_over_white(uint8_t *row, uint32_t count) {
    uint8_t *out = row;
    for (const uint8_t *pixel = row; count-- > 0; pixel += 4) {
        unsigned opacity = pixel[3];
        uint8_t laid[3];
        for (int channel = 0; channel < 3; channel++)
            laid[channel] = (uint8_t)((pixel[channel] * opacity + 255 * (255 - opacity) + 127) / 255);
        memcpy(out, laid, 3);
        out += 3;
    }
}

enum raster_outcome raster_read_png(
    const uint8_t *bytes, size_t size, struct raster_request request, struct raster *raster, char *reason) {
    struct source source = {bytes, size};
    struct scaling scaling = {0};
    uint8_t *volatile row = NULL;
    enum raster_outcome outcome;
    strcpy(reason, "the PNG is damaged");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reason, fail, say_nothing);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return RASTER_NO_MEMORY;
    }
    if (setjmp(png_jmpbuf(png))) {
        /* The library has no codes for its errors. */
        outcome = strstr(reason, "emory") ? RASTER_NO_MEMORY : RASTER_DAMAGED;
        goto end;
    }
    png_set_read_fn(png, &source, take);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    /* -1: whatever is not needed for pixels is not parsed: no colour profile, no text, no time. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, info);
    uint32_t source_width = png_get_image_width(png, info), source_height = png_get_image_height(png, info);
    if ((uint64_t)source_width * source_height > request.source_pixels) {
        outcome = RASTER_TOO_MANY_PIXELS;
        goto end;
    }
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
    png_read_update_info(png, info);
    uint32_t width, height;
    scaling_fit(source_width, source_height, &request, &width, &height);
    if (!scaling_begin(&scaling, source_width, source_height, width, height)
        || !(row = malloc(png_get_rowbytes(png, info)))) {
        outcome = RASTER_NO_MEMORY;
        goto end;
    }
    if (png_get_rowbytes(png, info) != (size_t)source_width * 4) png_error(png, "its pixels are not of a known form");
    /* An interlaced image comes as seven smaller ones, which are never put together: each pixel is added where it belongs. */
    int is_interlaced = png_get_interlace_type(png, info) != PNG_INTERLACE_NONE;
    for (int pass = 0; pass < (is_interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); pass++) {
        uint32_t columns = is_interlaced ? PNG_PASS_COLS(source_width, pass) : source_width;
        uint32_t rows = is_interlaced ? PNG_PASS_ROWS(source_height, pass) : source_height;
        if (columns == 0) continue;
        for (uint32_t line = 0; line < rows; line++) {
            png_read_row(png, row, NULL);
            lay_over_white(row, columns);
            if (is_interlaced)
                scaling_add(
                    &scaling, row, columns, PNG_ROW_FROM_PASS_ROW(line, pass), PNG_PASS_START_COL(pass),
                    1u << PNG_PASS_COL_SHIFT(pass));
            else
                scaling_add(&scaling, row, columns, line, 0, 1);
        }
    }
    outcome = scaling_finish(&scaling, raster);
end:
    png_destroy_read_struct(&png, &info, NULL);
    scaling_end(&scaling);
    free(row);
    return outcome;
}

struct sink {
    uint8_t *bytes;
    size_t count, capacity, at_most;
    enum raster_outcome outcome;
};

static void put(png_structp png, png_bytep bytes, size_t count) {
    struct sink *sink = png_get_io_ptr(png);
    if (count > sink->at_most - sink->count) {
        sink->outcome = RASTER_TOO_LONG;
        png_error(png, "too long");
    }
    if (count > sink->capacity - sink->count) {
        size_t capacity = 2 * sink->capacity + count;
        uint8_t *grown = realloc(sink->bytes, capacity);
        if (!grown) png_error(png, "no memory");
        sink->bytes = grown;
        sink->capacity = capacity;
    }
    memcpy(sink->bytes + sink->count, bytes, count);
    sink->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

enum raster_outcome raster_write_png(const struct raster *raster, size_t at_most, uint8_t **bytes, size_t *size) {
    struct sink sink = {.at_most = at_most, .outcome = RASTER_NO_MEMORY};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, fail, say_nothing);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return RASTER_NO_MEMORY;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        free(sink.bytes);
        return sink.outcome;
    }
    png_set_write_fn(png, &sink, put, flush_nothing);
    png_set_IHDR(
        png, info, raster->width, raster->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
        PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 4);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB | PNG_FILTER_UP);
    png_write_info(png, info);
    png_set_bgr(png);
    png_set_filler(png, 0, PNG_FILLER_AFTER);
    for (uint32_t y = 0; y < raster->height; y++) png_write_row(png, raster->pixels + y * raster->stride);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    *bytes = sink.bytes;
    *size = sink.count;
    return RASTER_DONE;
}

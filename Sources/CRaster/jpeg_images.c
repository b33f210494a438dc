#include "scaling.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

struct failure {
    struct jpeg_error_mgr manager;
    jmp_buf jump;
};

static void fail(j_common_ptr info) { longjmp(((struct failure *)info->err)->jump, 1); }

/* The library would write warnings to standard error. */
static void say_nothing(j_common_ptr info) { (void)info; }

/* Four inks to three lights, in place. Adobe's programs store inks inverted. */
static void mix_inks(uint8_t *row, uint32_t count, int is_inverted) {
    uint8_t *out = row;
    for (const uint8_t *ink = row; count-- > 0; ink += 4) {
        unsigned flip = is_inverted ? 0 : 255, black = ink[3] ^ flip;
        uint8_t lights[3];
        for (int channel = 0; channel < 3; channel++) lights[channel] = (uint8_t)((ink[channel] ^ flip) * black / 255);
        for (int channel = 0; channel < 3; channel++) *out++ = lights[channel];
    }
}

enum raster_outcome raster_read_jpeg(
    const uint8_t *bytes, size_t size, struct raster_request request, struct raster *raster, char *reason) {
    struct jpeg_decompress_struct info;
    struct failure failure;
    struct scaling scaling = {0};
    uint8_t *volatile row = NULL;
    enum raster_outcome outcome;

    info.err = jpeg_std_error(&failure.manager);
    failure.manager.error_exit = fail;
    failure.manager.output_message = say_nothing;
    if (setjmp(failure.jump)) {
        char message[JMSG_LENGTH_MAX];
        failure.manager.format_message((j_common_ptr)&info, message);
        snprintf(reason, RASTER_REASON_SIZE, "the JPEG is damaged: %.160s", message);
        outcome = failure.manager.msg_code == JERR_OUT_OF_MEMORY ? RASTER_NO_MEMORY : RASTER_DAMAGED;
        goto end;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, bytes, size);
    jpeg_read_header(&info, TRUE);
    if ((uint64_t)info.image_width * info.image_height > request.source_pixels) {
        outcome = RASTER_TOO_MANY_PIXELS;
        goto end;
    }
    int has_inks = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = has_inks ? JCS_CMYK : JCS_RGB;
    uint32_t width, height;
    scaling_fit(info.image_width, info.image_height, &request, &width, &height);
    /* As small as it can be decoded without going below what is asked for. */
    info.scale_denom = 8;
    for (info.scale_num = 1; info.scale_num < 8; info.scale_num++) {
        jpeg_calc_output_dimensions(&info);
        if (info.output_width >= width && info.output_height >= height) break;
    }
    jpeg_start_decompress(&info);
    if (!scaling_begin(&scaling, info.output_width, info.output_height, width, height)
        || !(row = malloc((size_t)info.output_width * info.output_components))) {
        outcome = RASTER_NO_MEMORY;
        goto end;
    }
    while (info.output_scanline < info.output_height) {
        uint32_t y = info.output_scanline;
        JSAMPROW rows[1] = {row};
        if (jpeg_read_scanlines(&info, rows, 1) != 1) continue;
        if (has_inks) mix_inks(row, info.output_width, info.saw_Adobe_marker);
        scaling_add(&scaling, row, info.output_width, y, 0, 1);
    }
    outcome = scaling_finish(&scaling, raster);
end:
    jpeg_destroy_decompress(&info);
    scaling_end(&scaling);
    free(row);
    return outcome;
}

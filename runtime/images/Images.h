/* Images.h - what libcameo_images.so gives the runtime, which loads it when a program decodes its first picture. Apart
 * from the runtime because it brings the libraries of the formats with it. C, stateless, safe to call from any thread.
 */
#ifndef CAMEO_RUNTIME_IMAGES_H
#define CAMEO_RUNTIME_IMAGES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Height and width of the picture in `bytes` bytes at `data`, as its header says. 0, or 1 with a reason in
 * `message`, which has room for `room` bytes. Pictures of more than 2^28 pixels are refused. */
int32_t cameo_image_size(const uint8_t *data, uint64_t bytes, int64_t *height, int64_t *width, char *message,
                         uint64_t room);

/* Its pixels, row by row from the top, three bytes each: red, green, blue. Grey pictures have three equal ones, opacity
 * is left out, of 16 bits the upper or the nearest 8 are kept. `height` and `width` are what cameo_image_size gave. */
int32_t cameo_image_decode(const uint8_t *data, uint64_t bytes, uint8_t *pixels, int64_t height, int64_t width,
                           char *message, uint64_t room);

#ifdef __cplusplus
}
#endif
#endif

/* Buffers that are kept between calls, the pictures that the host sees, and the canvas. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

Picture picture;
Picture result;

enum { LARGE = 1 << 24 };

void *reserve(Buffer *buffer, size_t size) {
  if (size <= buffer->capacity && buffer->bytes != NULL) return buffer->bytes;
  free(buffer->bytes);
  *buffer = (Buffer){0};
  const size_t room = size < LARGE ? size / 4 : 0; /* images differ a little: soon no buffer has to grow any more */
  const size_t capacity = size + room;
  if (capacity > SIZE_MAX - SLACK) fail(FAIL_MEMORY);
  buffer->bytes = malloc(capacity + SLACK);
  if (buffer->bytes == NULL) fail(FAIL_MEMORY);
  buffer->capacity = capacity;
  return buffer->bytes;
}

uint8_t *reserve_pixels(Buffer *buffer, size_t width, size_t height) {
  if (width > SIZE_MAX / 4 / (height + 1)) fail(FAIL_MEMORY);
  return reserve(buffer, 3 * width * (height + 1));
}

static Picture brought;

void show(uint8_t *pixels, int x, int y, int width, int height) {
  brought = picture = (Picture){pixels, 3 * (size_t)width, x, y, width, height};
}

/* Room for the pixels of a part of an image that the host brings: RGB, row by row. */
uint8_t *EXPORT(bring_pixels)(int x, int y, int width, int height) {
  static Buffer pixels;
  uint8_t *bytes = reserve_pixels(&pixels, width, height);
  show(bytes, x, y, width, height);
  return bytes;
}

/* Makes a box of what was brought, or decoded, an image of its own. Returns its first pixel. */
const uint8_t *EXPORT(choose_box)(int x0, int y0, int x1, int y1) {
  if (x0 < brought.x || y0 < brought.y || x1 > brought.x + brought.width || y1 > brought.y + brought.height) {
    fail(FAIL_NOT_SHOWN);
  }
  const size_t start = (size_t)(y0 - brought.y) * brought.stride + 3 * (size_t)(x0 - brought.x);
  picture = (Picture){brought.pixels + start, brought.stride, 0, 0, x1 - x0, y1 - y0};
  return picture.pixels;
}

size_t EXPORT(picture_stride)(void) { return picture.stride; }

/* What results are pasted on. */
static Picture canvas;
static Buffer canvas_pixels;

/* Room for a canvas of this size, which is to be filled. */
uint8_t *EXPORT(open_canvas)(int width, int height) {
  uint8_t *bytes = reserve_pixels(&canvas_pixels, width, height);
  canvas = (Picture){bytes, 3 * (size_t)width, 0, 0, width, height};
  return bytes;
}

/* Copies the last result to where its first pixel is to lie on the canvas. */
void EXPORT(paste)(int x, int y) {
  if (x < 0 || y < 0 || x + result.width > canvas.width || y + result.height > canvas.height) fail(FAIL_NOT_SHOWN);
  uint8_t *out = canvas_pixels.bytes + y * canvas.stride + 3 * (size_t)x;
  for (int row = 0; row < result.height; row++) {
    memcpy(out + row * canvas.stride, result.pixels + row * result.stride, result.stride);
  }
}

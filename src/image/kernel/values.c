/* The values of a model's input. */
#include "kernel.h"

#include <string.h>

/* What a level becomes: 256 values for each channel of the model, whose bits are copied as they are. */
static Buffer tables;

uint8_t *EXPORT(bring_tables)(size_t size) { return reserve(&tables, size); }

/* How the values of an image lie: `step` values from a pixel to the next, `plane` from a channel to the next. */
typedef struct {
  int width, height;
  size_t step, plane;
} Layout;

#define WRITE_ROW(Type)                                                                                     \
  static void write_row_##Type(const uint8_t *in, const Type *values, Type *out, size_t step, int count) {  \
    for (int i = 0; i < count; i++) out[i * step] = values[in[3 * i]];                                      \
  }                                                                                                         \
  static void fill_##Type(Type value, Type *out, size_t step, size_t count) {                               \
    for (size_t i = 0; i < count; i++) out[i * step] = value;                                               \
  }

WRITE_ROW(uint8_t)
WRITE_ROW(uint16_t)
WRITE_ROW(uint32_t)

static int min(int a, int b) { return a < b ? a : b; }
static int max(int a, int b) { return a > b ? a : b; }

#define WRITE_CHANNEL(Type)                                                                                 \
  static void write_channel_##Type(int byte, const Type *values, int fill, Layout layout, int x, int y,     \
                                   Type *out) {                                                             \
    const int left = max(0, -x), right = min(layout.width, result.width - x);                               \
    const int top = max(0, -y), bottom = min(layout.height, result.height - y);                             \
    if (left > 0 || top > 0 || right < layout.width || bottom < layout.height) {                            \
      fill_##Type(values[fill], out, layout.step, (size_t)layout.width * layout.height);                    \
    }                                                                                                       \
    for (int row = top; row < bottom; row++) {                                                              \
      const uint8_t *in = result.pixels + (y + row) * result.stride + 3 * (x + left) + byte;                \
      write_row_##Type(in, values, out + (row * layout.width + left) * layout.step, layout.step,            \
                       max(0, right - left));                                                               \
    }                                                                                                       \
  }

WRITE_CHANNEL(uint8_t)
WRITE_CHANNEL(uint16_t)
WRITE_CHANNEL(uint32_t)

/*
 * The values of a crop of width x height whose upper left corner is at (x, y) of the result and may lie outside; there
 * it has the levels of `fill`. A value has `size` bytes: 1, 2 or 4. Channels are those of the model, which may be in the order BGR.
 */
const void *EXPORT(write_values)(int size, int width, int height, int x, int y, int is_planar, int is_bgr,
                                 int fill_0, int fill_1, int fill_2) {
  static Buffer values;
  const size_t area = (size_t)width * height;
  uint8_t *out = reserve_pixels(&values, width, height * size);
  const Layout layout = {width, height, is_planar ? 1 : 3, is_planar ? area : 1};
  const int fills[] = {fill_0, fill_1, fill_2};
  for (int channel = 0; channel < 3; channel++) {
    const int byte = is_bgr ? 2 - channel : channel;
    uint8_t *start = out + channel * layout.plane * size;
    const uint8_t *levels = tables.bytes + 256 * channel * size;
    if (size == 1) write_channel_uint8_t(byte, levels, fills[channel], layout, x, y, start);
    else if (size == 2) write_channel_uint16_t(byte, (void *)levels, fills[channel], layout, x, y, (void *)start);
    else write_channel_uint32_t(byte, (void *)levels, fills[channel], layout, x, y, (void *)start);
  }
  return out;
}

/*
 * Resizing exactly as Pillow does it (its Resample.c and, for `nearest`, Geometry.c): one pass over the columns and one
 * over the rows, each with weights of 22 bits and a result of 8.
 *
 * The host says what size it wants, by which filter, and which window of the result. It can ask which box of the image
 * that needs, so that no more is decoded.
 */
#include "kernel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wasm_simd128.h>

/* ---- Filters ---- */

enum { NEAREST, BOX, BILINEAR, HAMMING, BICUBIC, MITCHELL, LANCZOS };

static double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= M_PI;
  return sin(x) / x;
}

static double weigh_box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

static double weigh_bilinear(double x) {
  x = fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/* Pillow's constants are of single precision. */
static double weigh_hamming(double x) {
  x = fabs(x);
  if (x == 0.0) return 1.0;
  return x >= 1.0 ? 0.0 : sinc(x) * (0.54f + 0.46f * cos(x * M_PI));
}

/* Keys' cubic convolution with a = -0.5. */
static double weigh_bicubic(double x) {
  const double a = -0.5;
  x = fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

/* Mitchell and Netravali's cubic with B = C = 1/3, which Pillow does not have. */
static double weigh_mitchell(double x) {
  x = fabs(x);
  if (x < 1.0) return ((7.0 * x - 12.0) * x * x + 16.0 / 3.0) / 6.0;
  return x < 2.0 ? (((-7.0 / 3.0 * x + 12.0) * x - 20.0) * x + 32.0 / 3.0) / 6.0 : 0.0;
}

static double weigh_lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

static const struct {
  double (*weigh)(double);
  double support;
} filters[] = {
    [BOX] = {weigh_box, 0.5},           [BILINEAR] = {weigh_bilinear, 1.0}, [HAMMING] = {weigh_hamming, 1.0},
    [BICUBIC] = {weigh_bicubic, 2.0},   [MITCHELL] = {weigh_mitchell, 2.0}, [LANCZOS] = {weigh_lanczos, 3.0},
};

/* ---- Weights ---- */

/* How one side of an image becomes one side of the result, of which a part is wanted. */
typedef struct {
  int from, to;     /* px of the image, px of the whole result */
  float low, high;  /* the part of the image that becomes the result */
  int first, end;   /* the part of the result that is wanted */
  int filter;
} Side;

/*
 * The weights of two neighbouring pixels, as dot products of 16 bits take them. A weight has 22 bits behind the point
 * and does not fit; its upper part counts 2^LOW_BITS times. Sums may overflow between, as that of both does not.
 */
typedef struct {
  int16_t high[2], low[2];
} Weights;

enum { POINT = 22, LOW_BITS = 15 };

/* The pixels that a pixel of the result is made of. */
typedef struct {
  int start; /* the first */
  int pairs; /* pairs of weights; the last may reach one pixel too far, with a weight of 0 */
} Span;

typedef struct {
  Side side;
  int most;         /* pairs that each span has room for */
  Span *spans;      /* one for each wanted pixel */
  Weights *weights; /* `most` for each span */
  int from, end;    /* all pixels that are needed */
  Buffer span_bytes, weight_bytes;
} Plan;

static Weights split(int even, int odd) {
  const int mask = (1 << LOW_BITS) - 1;
  return (Weights){{even >> LOW_BITS, odd >> LOW_BITS}, {even & mask, odd & mask}};
}

static int to_fixed(double weight) {
  return (int)(weight * (1 << POINT) + (weight < 0 ? -0.5 : 0.5));
}

static int min(int a, int b) { return a < b ? a : b; }
static int max(int a, int b) { return a > b ? a : b; }

/* The pixels that a pixel of the result is made of: where they lie in the filter, which is 1 / `inverse` times as wide. */
typedef struct {
  int start, count;
  double centre, inverse;
} Taps;

static void weigh_taps(Taps taps, double (*weigh)(double), double *weights) {
  double sum = 0.0;
  for (int tap = 0; tap < taps.count; tap++) {
    weights[tap] = weigh((tap + taps.start - taps.centre + 0.5) * taps.inverse);
    sum += weights[tap];
  }
  if (sum == 0.0) return;
  for (int tap = 0; tap < taps.count; tap++) weights[tap] /= sum;
}

/* sin(pi x)^2 for x from -1 to 1, to 15 digits: the sine's series in pi x. */
static inline double square_of_sine(double x) {
  x = fabs(x);
  if (x > 0.5) x = 1.0 - x;
  const double y = x * x;
  double sum = -2.2948428997269873e-08;
  sum = sum * y + 7.952054001475513e-07;
  sum = sum * y - 2.1915353447830217e-05;
  sum = sum * y + 0.00046630280576761255;
  sum = sum * y - 0.0073704309457143504;
  sum = sum * y + 0.08214588661112823;
  sum = sum * y - 0.5992645293207921;
  sum = sum * y + 2.5501640398773455;
  sum = sum * y - 5.16771278004997;
  sum = sum * y + 3.141592653589793;
  return sum * sum * y;
}

/* Lanczos' weights to 14 digits, several times as fast: one sine for two, as sin(3a) = sin(a) (3 - 4 sin(a)^2). */
static void estimate_lanczos(Taps taps, double *weights) {
  const double factor = 3.0 / (M_PI * M_PI);
  double sum = 0.0;
  for (int tap = 0; tap < taps.count; tap++) {
    const double x = (tap + taps.start - taps.centre + 0.5) * taps.inverse;
    const double square = square_of_sine(x / 3.0);
    const double weight = factor * square * (3.0 - 4.0 * square) / (x * x);
    weights[tap] = x == 0.0 ? 1.0 : fabs(x) < 3.0 ? weight : 0.0;
    sum += weights[tap];
  }
  const double scale = 1.0 / sum;
  for (int tap = 0; tap < taps.count; tap++) weights[tap] *= scale;
}

/* Whether the estimates' error could make a difference to any weight's last bit. */
static bool are_doubtful(const double *weights, int count) {
  const double doubt = 1e-6; /* of a last bit: much more than the error */
  bool are = false;
  for (int tap = 0; tap < count; tap++) {
    const double fixed = fabs(weights[tap]) * (1 << POINT);
    are |= !(fabs(fixed - floor(fixed) - 0.5) >= doubt); /* what is not a number, too */
  }
  return are;
}

static void make_spans(Plan *plan, double *exact) {
  const Side side = plan->side;
  const double scale = (double)(side.high - side.low) / side.to;
  const double widening = scale < 1.0 ? 1.0 : scale;
  const double reach = filters[side.filter].support * widening, inverse = 1.0 / widening;
  plan->from = side.from;
  plan->end = 0;
  for (int i = 0; i < side.end - side.first; i++) {
    const double centre = side.low + (side.first + i + 0.5) * scale;
    const int start = max(0, (int)(centre - reach + 0.5));
    const int count = min(side.from, (int)(centre + reach + 0.5)) - start;
    const Taps taps = {start, count, centre, inverse};
    if (side.filter == LANCZOS) estimate_lanczos(taps, exact);
    if (side.filter != LANCZOS || are_doubtful(exact, count)) weigh_taps(taps, filters[side.filter].weigh, exact);
    exact[count] = 0.0; /* the partner of an odd last one */
    plan->spans[i] = (Span){start, (count + 1) / 2};
    for (int pair = 0; pair < plan->spans[i].pairs; pair++) {
      plan->weights[i * plan->most + pair] = split(to_fixed(exact[2 * pair]), to_fixed(exact[2 * pair + 1]));
    }
    plan->from = min(plan->from, start);
    plan->end = max(plan->end, start + count);
  }
}

static void make_plan(Plan *plan, Side side) {
  const double widening = fmax(1.0, (double)(side.high - side.low) / side.to);
  const size_t taps = 2 * (size_t)ceil(filters[side.filter].support * widening) + 1;
  const size_t wanted = side.end - side.first;
  plan->side = (Side){0}; /* in case that memory runs out */
  plan->most = (taps + 1) / 2;
  if (wanted > SIZE_MAX / sizeof(Weights) / plan->most) fail(FAIL_MEMORY);
  plan->spans = reserve(&plan->span_bytes, wanted * sizeof(Span));
  plan->weights = reserve(&plan->weight_bytes, wanted * plan->most * sizeof(Weights));
  static Buffer exact;
  double *weights = reserve(&exact, (taps + 1) * sizeof(double));
  plan->side = side;
  make_spans(plan, weights);
}

/* Plans that were made before: most images of a set have one of a few sizes. */
enum { KEPT = 16 };
static Plan plans[KEPT];

static Plan *plan_of(Side side) {
  static int oldest;
  for (int i = 0; i < KEPT; i++) {
    if (memcmp(&plans[i].side, &side, sizeof side) == 0) return &plans[i];
  }
  Plan *plan = &plans[oldest];
  oldest = (oldest + 1) % KEPT;
  make_plan(plan, side);
  return plan;
}

/* ---- Passes ---- */

/* Sums of products with both parts of the weights. */
typedef struct {
  v128_t high, low;
} Sums;

static inline Sums sums_from_half(void) {
  return (Sums){wasm_i32x4_splat(0), wasm_i32x4_splat(1 << (POINT - 1))};
}

static inline void add_products(Sums *sums, v128_t levels, const Weights *weights) {
  sums->high = wasm_i32x4_add(sums->high, wasm_i32x4_dot_i16x8(levels, wasm_v128_load32_splat(weights->high)));
  sums->low = wasm_i32x4_add(sums->low, wasm_i32x4_dot_i16x8(levels, wasm_v128_load32_splat(weights->low)));
}

static inline v128_t total(Sums sums) {
  return wasm_i32x4_shr(wasm_i32x4_add(wasm_i32x4_shl(sums.high, LOW_BITS), sums.low), POINT);
}

/*
 * Levels of two pixels RGBRGB as 16 bits, channel by channel, in pairs. Swizzled, not shuffled with zeros: engines make
 * one instruction of it, and ten of the other.
 */
static inline v128_t pixel_pair(v128_t bytes) {
  return wasm_i8x16_swizzle(bytes, wasm_i8x16_const(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
}

/* Those behind the first two. */
static inline v128_t next_pair(v128_t bytes) {
  return wasm_i8x16_swizzle(bytes, wasm_i8x16_const(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
}

/* Rows that are scaled together: they take the same weights. */
enum { ROWS_AT_ONCE = 4 };

/* Stores a pixel; of all but a row's last with a byte more, which the next one overwrites. */
static inline void store_pixel(uint8_t *out, v128_t total, bool is_last) {
  const v128_t narrow = wasm_i16x8_narrow_i32x4(total, total);
  const v128_t levels = wasm_u8x16_narrow_i16x8(narrow, narrow);
  if (!is_last) {
    wasm_v128_store32_lane(out, levels, 0);
  } else {
    wasm_v128_store16_lane(out, levels, 0);
    wasm_v128_store8_lane(out + 2, levels, 2);
  }
}

/* Some rows, `stride` bytes apart; the new ones follow each other without gaps. */
static inline void scale_some(const uint8_t *in, size_t stride, const int rows, uint8_t *out, const Plan *plan,
                              int first) {
  const int wanted = plan->side.end - plan->side.first;
  const size_t length = 3 * (size_t)wanted;
  const Weights *row_weights = plan->weights;
  for (int x = 0; x < wanted; x++, out += 3, row_weights += plan->most) {
    const Span span = plan->spans[x];
    const uint8_t *bytes = in + 3 * (span.start - first);
    Sums sums[ROWS_AT_ONCE];
    for (int y = 0; y < rows; y++) sums[y] = sums_from_half();
    int pair = 0;
    for (; pair + 2 <= span.pairs; pair += 2, bytes += 12) {
      for (int y = 0; y < rows; y++) {
        const v128_t pixels = wasm_v128_load(bytes + y * stride);
        add_products(&sums[y], pixel_pair(pixels), row_weights + pair);
        add_products(&sums[y], next_pair(pixels), row_weights + pair + 1);
      }
    }
    if (pair < span.pairs) {
      for (int y = 0; y < rows; y++) {
        add_products(&sums[y], pixel_pair(wasm_v128_load(bytes + y * stride)), row_weights + pair);
      }
    }
    for (int y = 0; y < rows; y++) store_pixel(out + y * length, total(sums[y]), x + 1 == wanted);
  }
}

/* The columns of some rows. */
static void scale_columns(const uint8_t *in, size_t stride, int rows, const Plan *plan, int first, uint8_t *out) {
  const size_t length = 3 * (size_t)(plan->side.end - plan->side.first);
  int y = 0;
  for (; y + ROWS_AT_ONCE <= rows; y += ROWS_AT_ONCE) {
    scale_some(in + y * stride, stride, ROWS_AT_ONCE, out + y * length, plan, first);
  }
  for (; y < rows; y++) scale_some(in + y * stride, stride, 1, out + y * length, plan, first);
}

/* Sixteen bytes of one new row. */
static inline v128_t scale_bytes(const uint8_t *in, size_t stride, const Weights *weights, int pairs) {
  Sums sums[4];
  for (int i = 0; i < 4; i++) sums[i] = sums_from_half();
  for (int pair = 0; pair < pairs; pair++, in += 2 * stride, weights++) {
    const v128_t even = wasm_v128_load(in), odd = wasm_v128_load(in + stride);
    const v128_t low = wasm_i8x16_shuffle(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t high =
        wasm_i8x16_shuffle(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    add_products(&sums[0], wasm_u16x8_extend_low_u8x16(low), weights);
    add_products(&sums[1], wasm_u16x8_extend_high_u8x16(low), weights);
    add_products(&sums[2], wasm_u16x8_extend_low_u8x16(high), weights);
    add_products(&sums[3], wasm_u16x8_extend_high_u8x16(high), weights);
  }
  return wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(total(sums[0]), total(sums[1])),
                                 wasm_i16x8_narrow_i32x4(total(sums[2]), total(sums[3])));
}

/* All rows of `length` bytes; what is stored behind a row's end, the next one overwrites. */
static void scale_rows(const uint8_t *in, size_t stride, size_t length, const Plan *plan, int first, uint8_t *out) {
  const int wanted = plan->side.end - plan->side.first;
  for (int y = 0; y < wanted; y++, out += length) {
    const Span span = plan->spans[y];
    const uint8_t *rows = in + (span.start - first) * stride;
    for (size_t at = 0; at < length; at += 16) {
      wasm_v128_store(out + at, scale_bytes(rows + at, stride, plan->weights + y * plan->most, span.pairs));
    }
  }
}

/* ---- Nearest ---- */

/* The step is added up pixel by pixel, as Pillow adds it. */
static void find_nearest(Side side, int32_t *places) {
  const double step = (double)(side.high - side.low) / side.to;
  double place = side.low + step * 0.5;
  for (int i = 0; i < side.end; i++, place += step) {
    if (i >= side.first) places[i - side.first] = max(0, min(side.from - 1, (int)place));
  }
}

/* ---- The host's calls ---- */

/* What the host wants. */
typedef struct {
  Side columns, rows;
  bool keeps_columns, keeps_rows, rows_first;
} Task;

/* A box of the image, with ends beyond the last pixels. */
typedef struct {
  int32_t x0, y0, x1, y1;
} Box;

static bool keeps(const Side *side) {
  return side->from == side->to && side->low == 0.0f && side->high == (float)side->to;
}

/* From Pillow 13 on the rows come first where the height shrinks by more than twice what the width does. */
static bool goes_by_rows_first(const Side *columns, const Side *rows, int pillow) {
  const int lost = rows->from - rows->to;
  return pillow >= 13 && lost > 0 && lost > 2 * (columns->from - columns->to);
}

static Task task_of(Side columns, Side rows, int pillow) {
  return (Task){columns, rows, keeps(&columns), keeps(&rows), goes_by_rows_first(&columns, &rows, pillow)};
}

static Buffer nearest_columns, nearest_rows;

static int32_t *nearest_of(Side side, Buffer *buffer) {
  int32_t *places = reserve(buffer, (side.end - side.first) * sizeof(int32_t));
  find_nearest(side, places);
  return places;
}

static void find_range(const Side *side, bool is_kept, Buffer *nearest, int32_t *from, int32_t *end) {
  if (side->filter == NEAREST) {
    const int32_t *places = nearest_of(*side, nearest);
    *from = places[0];
    *end = places[side->end - side->first - 1] + 1;
  } else if (is_kept) {
    *from = side->first;
    *end = side->end;
  } else {
    const Plan *plan = plan_of(*side);
    *from = plan->from;
    *end = plan->end;
  }
}

static Box box_of(const Task *task) {
  Box box;
  find_range(&task->columns, task->keeps_columns, &nearest_columns, &box.x0, &box.x1);
  find_range(&task->rows, task->keeps_rows, &nearest_rows, &box.y0, &box.y1);
  return box;
}

static const uint8_t *picture_at(int x, int y) {
  return picture.pixels + (size_t)(y - picture.y) * picture.stride + 3 * (size_t)(x - picture.x);
}

static void take_nearest(const int32_t *columns, const int32_t *rows, uint8_t *out) {
  for (int y = 0; y < result.height; y++) {
    for (int x = 0; x < result.width; x++, out += 3) memcpy(out, picture_at(columns[x], rows[y]), 3);
  }
}

static void copy_rows(const uint8_t *in, size_t length, int rows, uint8_t *out) {
  for (int y = 0; y < rows; y++) memcpy(out + y * length, in + y * picture.stride, length);
}

/* One pass, or two with the pixels between them in a buffer of their own. */
static void scale(const Task *task, Box box, uint8_t *out) {
  static Buffer between;
  const int width = box.x1 - box.x0, height = box.y1 - box.y0;
  const uint8_t *in = picture_at(box.x0, box.y0);
  const size_t row_length = 3 * (size_t)result.width;
  const Plan *columns = task->keeps_columns ? NULL : plan_of(task->columns);
  const Plan *rows = task->keeps_rows ? NULL : plan_of(task->rows);
  if (columns == NULL && rows == NULL) {
    copy_rows(in, row_length, result.height, out);
  } else if (columns == NULL) {
    scale_rows(in, picture.stride, row_length, rows, box.y0, out);
  } else if (rows == NULL) {
    scale_columns(in, picture.stride, height, columns, box.x0, out);
  } else if (task->rows_first) {
    uint8_t *low = reserve_pixels(&between, width, result.height);
    scale_rows(in, picture.stride, 3 * (size_t)width, rows, box.y0, low);
    scale_columns(low, 3 * (size_t)width, result.height, columns, box.x0, out);
  } else {
    uint8_t *narrow = reserve_pixels(&between, result.width, height);
    scale_columns(in, picture.stride, height, columns, box.x0, narrow);
    scale_rows(narrow, row_length, row_length, rows, box.y0, out);
  }
}

/* The task of the host's words: an image of width x height, of which the box becomes out_width x out_height. */
#define ASKED                                                                                                \
  int width, int height, float box_x0, float box_y0, float box_x1, float box_y1, int out_width,              \
      int out_height, int x0, int y0, int x1, int y1, int filter, int pillow
#define TASK                                                                                                 \
  task_of((Side){width, out_width, box_x0, box_x1, x0, x1, filter},                                          \
          (Side){height, out_height, box_y0, box_y1, y0, y1, filter}, pillow)

/* The box of the image that the window (x0, y0) to (x1, y1) of the result is made of. */
const Box *EXPORT(needed_box)(ASKED) {
  static Box box;
  const Task task = TASK;
  box = box_of(&task);
  return &box;
}

static bool shows(Box box) {
  return box.x0 >= picture.x && box.y0 >= picture.y && box.x1 <= picture.x + picture.width &&
         box.y1 <= picture.y + picture.height;
}

/* Makes that window of the picture, which shows at least the box that is needed. */
const uint8_t *EXPORT(resize)(ASKED) {
  static Buffer pixels;
  const Task task = TASK;
  const Box box = box_of(&task);
  if (!shows(box)) fail(FAIL_NOT_SHOWN);
  uint8_t *out = reserve_pixels(&pixels, x1 - x0, y1 - y0);
  result = (Picture){out, 3 * (size_t)(x1 - x0), x0, y0, x1 - x0, y1 - y0};
  if (filter == NEAREST) take_nearest((int32_t *)nearest_columns.bytes, (int32_t *)nearest_rows.bytes, out);
  else scale(&task, box, out);
  return out;
}

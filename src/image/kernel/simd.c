/*
 * libjpeg-turbo's vector routines for WebAssembly: the functions that its SIMD interface (jsimd.h, jsimddct.h) asks
 * for. Each gives what the library's own routine for x86 gives, also where a damaged file makes 16 bits overflow.
 */
#include <wasm_simd128.h>

#define JPEG_INTERNALS
#include "jinclude.h"
#include "jpeglib.h"
#include "jdct.h"
#include "jsimd.h"
#include "jsimddct.h"

/* ---- The accurate inverse DCT (Loeffler, Ligtenberg and Moschytz; jidctint.c) ---- */

enum { CONST_BITS = 13, PASS1_BITS = 2, LANES = 8 };

/* The algorithm's constants, 2^13 being 1. */
enum {
  F_0_298 = 2446,
  F_0_390 = 3196,
  F_0_541 = 4433,
  F_0_765 = 6270,
  F_0_899 = 7373,
  F_1_175 = 9633,
  F_1_501 = 12299,
  F_1_847 = 15137,
  F_1_961 = 16069,
  F_2_053 = 16819,
  F_2_562 = 20995,
  F_3_072 = 25172,
};

#define INTERLEAVE_LOW(a, b) wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define INTERLEAVE_HIGH(a, b) wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define INTERLEAVE_LOW_32(a, b) wasm_i32x4_shuffle(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH_32(a, b) wasm_i32x4_shuffle(a, b, 2, 6, 3, 7)
#define INTERLEAVE_LOW_64(a, b) wasm_i64x2_shuffle(a, b, 0, 2)
#define INTERLEAVE_HIGH_64(a, b) wasm_i64x2_shuffle(a, b, 1, 3)

/* Two constants for the lanes of an interleaved pair: a dot product with them is x * a + y * b. */
#define PAIR(a, b) wasm_i16x8_const(a, b, a, b, a, b, a, b)

/* Half a vector of 32-bit sums; the eight values of a column lie in the same lane of eight rows. */
typedef struct {
  v128_t even[4]; /* sums of the even rows: rows 0 to 3 of the butterfly */
  v128_t odd[4];  /* of the odd rows */
} Halves;

/* Four columns of a pass; `HALF` chooses the lower or the upper four. */
#define TRANSFORM_HALF(sums, row, HALF, EXTEND)                                                            \
  do {                                                                                                     \
    const v128_t r26 = HALF(row[2], row[6]), r71 = HALF(row[7], row[1]), r53 = HALF(row[5], row[3]);       \
    const v128_t z34 = HALF(z3, z4);                                                                       \
    const v128_t t2 = wasm_i32x4_dot_i16x8(r26, PAIR(F_0_541, F_0_541 - F_1_847));                         \
    const v128_t t3 = wasm_i32x4_dot_i16x8(r26, PAIR(F_0_541 + F_0_765, F_0_541));                         \
    const v128_t t0 = wasm_i32x4_add(wasm_i32x4_shl(EXTEND(plus), CONST_BITS), rounding);                  \
    const v128_t t1 = wasm_i32x4_add(wasm_i32x4_shl(EXTEND(minus), CONST_BITS), rounding);                 \
    const v128_t y3 = wasm_i32x4_dot_i16x8(z34, PAIR(F_1_175 - F_1_961, F_1_175));                         \
    const v128_t y4 = wasm_i32x4_dot_i16x8(z34, PAIR(F_1_175, F_1_175 - F_0_390));                         \
    sums.even[0] = wasm_i32x4_add(t0, t3);                                                                 \
    sums.even[1] = wasm_i32x4_add(t1, t2);                                                                 \
    sums.even[2] = wasm_i32x4_sub(t1, t2);                                                                 \
    sums.even[3] = wasm_i32x4_sub(t0, t3);                                                                 \
    sums.odd[0] = wasm_i32x4_add(wasm_i32x4_dot_i16x8(r71, PAIR(-F_0_899, F_1_501 - F_0_899)), y4);        \
    sums.odd[1] = wasm_i32x4_add(wasm_i32x4_dot_i16x8(r53, PAIR(-F_2_562, F_3_072 - F_2_562)), y3);        \
    sums.odd[2] = wasm_i32x4_add(wasm_i32x4_dot_i16x8(r53, PAIR(F_2_053 - F_2_562, -F_2_562)), y4);        \
    sums.odd[3] = wasm_i32x4_add(wasm_i32x4_dot_i16x8(r71, PAIR(F_0_298 - F_0_899, -F_0_899)), y3);        \
  } while (0)

#define DESCALE(operation, i)                                                                              \
  wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(operation(low.even[i], low.odd[i]), shift),                       \
                          wasm_i32x4_shr(operation(high.even[i], high.odd[i]), shift))

/* Transforms the eight columns of a block at once; the sums lose `shift` bits. */
static inline void transform_columns(v128_t row[LANES], const int shift) {
  const v128_t rounding = wasm_i32x4_splat(1 << (shift - 1));
  const v128_t plus = wasm_i16x8_add(row[0], row[4]), minus = wasm_i16x8_sub(row[0], row[4]);
  const v128_t z3 = wasm_i16x8_add(row[7], row[3]), z4 = wasm_i16x8_add(row[5], row[1]);
  Halves low, high;
  TRANSFORM_HALF(low, row, INTERLEAVE_LOW, wasm_i32x4_extend_low_i16x8);
  TRANSFORM_HALF(high, row, INTERLEAVE_HIGH, wasm_i32x4_extend_high_i16x8);
  for (int i = 0; i < 4; i++) {
    row[i] = DESCALE(wasm_i32x4_add, i);
    row[7 - i] = DESCALE(wasm_i32x4_sub, i);
  }
}

static inline void transpose(v128_t row[LANES]) {
  v128_t a[LANES], b[LANES];
  for (int i = 0; i < 4; i++) {
    a[2 * i] = INTERLEAVE_LOW(row[2 * i], row[2 * i + 1]);
    a[2 * i + 1] = INTERLEAVE_HIGH(row[2 * i], row[2 * i + 1]);
  }
  for (int half = 0; half < LANES; half += 4) {
    b[half] = INTERLEAVE_LOW_32(a[half], a[half + 2]);
    b[half + 1] = INTERLEAVE_HIGH_32(a[half], a[half + 2]);
    b[half + 2] = INTERLEAVE_LOW_32(a[half + 1], a[half + 3]);
    b[half + 3] = INTERLEAVE_HIGH_32(a[half + 1], a[half + 3]);
  }
  for (int i = 0; i < 4; i++) {
    row[2 * i] = INTERLEAVE_LOW_64(b[i], b[i + 4]);
    row[2 * i + 1] = INTERLEAVE_HIGH_64(b[i], b[i + 4]);
  }
}

/* A block of one colour: most of the blocks of chroma. */
static void fill_block(int dc, JSAMPARRAY out, JDIMENSION column) {
  const int level = ((dc + (1 << (PASS1_BITS + 2))) >> (PASS1_BITS + 3)) + CENTERJSAMPLE;
  const v128_t levels = wasm_u8x16_splat(level < 0 ? 0 : level > MAXJSAMPLE ? MAXJSAMPLE : level);
  for (int i = 0; i < LANES; i++) wasm_v128_store64_lane(out[i] + column, levels, 0);
}

static void store_block(v128_t row[LANES], JSAMPARRAY out, JDIMENSION column) {
  const v128_t centre = wasm_u8x16_splat(CENTERJSAMPLE); /* flipping the sign bit adds 128 */
  for (int i = 0; i < LANES; i += 2) {
    const v128_t levels = wasm_v128_xor(wasm_i8x16_narrow_i16x8(row[i], row[i + 1]), centre);
    wasm_v128_store64_lane(out[i] + column, levels, 0);
    wasm_v128_store64_lane(out[i + 1] + column, levels, 1);
  }
}

int jsimd_can_idct_islow(void) { return 1; }

void jsimd_idct_islow(j_decompress_ptr cinfo, jpeg_component_info *component, JCOEFPTR block, JSAMPARRAY out,
                      JDIMENSION column) {
  const ISLOW_MULT_TYPE *scales = component->dct_table;
  v128_t row[LANES];
  v128_t below = wasm_v128_load(block + LANES); /* what the rows below the first hold, all in one */
  for (int i = 2; i < LANES; i++) below = wasm_v128_or(below, wasm_v128_load(block + LANES * i));
  for (int i = 0; i < LANES; i++) {
    row[i] = wasm_i16x8_mul(wasm_v128_load(block + LANES * i), wasm_v128_load(scales + LANES * i));
  }
  if (wasm_v128_any_true(below)) {
    transform_columns(row, CONST_BITS - PASS1_BITS);
    transpose(row);
  } else {
    const v128_t first = wasm_i16x8_shl(row[0], PASS1_BITS);
    const v128_t beside = wasm_i16x8_const(0, -1, -1, -1, -1, -1, -1, -1);
    if (!wasm_v128_any_true(wasm_v128_and(wasm_v128_load(block), beside))) {
      fill_block(wasm_i16x8_extract_lane(first, 0), out, column);
      return;
    }
    for (int i = 0; i < LANES; i++) row[i] = first;
    transpose(row);
  }
  transform_columns(row, CONST_BITS + PASS1_BITS + 3);
  transpose(row);
  store_block(row, out, column);
}

/* ---- YCbCr to RGB (jdcolor.c) ---- */

/* The fractions of the formulas that 16 bits hold, 2^16 being 1; what is left of each factor is a whole number. */
enum {
  F_0_402 = 26345,  /* R = Y + Cr + 0.40200 Cr */
  F_0_228 = 14942,  /* B = Y + 2 Cb - 0.22800 Cb */
  F_0_344 = 22554,  /* G = Y - 0.34414 Cb - Cr + 0.28586 Cr */
  F_0_286 = 18734,
};

static inline v128_t round_16(v128_t low, v128_t high) {
  const v128_t half = wasm_i32x4_splat(1 << 15);
  return wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(wasm_i32x4_add(low, half), 16),
                                 wasm_i32x4_shr(wasm_i32x4_add(high, half), 16));
}

static inline v128_t scale_16(v128_t a, int factor) {
  const v128_t factors = wasm_i16x8_splat(factor);
  return round_16(wasm_i32x4_extmul_low_i16x8(a, factors), wasm_i32x4_extmul_high_i16x8(a, factors));
}

typedef struct {
  v128_t red, green, blue;
} Colours;

/* Eight pixels, in 16 bits; the chroma around 0. */
static inline Colours to_rgb(v128_t y, v128_t cb, v128_t cr) {
  const v128_t factors = PAIR(-F_0_344, F_0_286);
  const v128_t low = wasm_i32x4_dot_i16x8(INTERLEAVE_LOW(cb, cr), factors);
  const v128_t high = wasm_i32x4_dot_i16x8(INTERLEAVE_HIGH(cb, cr), factors);
  const v128_t red = wasm_i16x8_add(cr, scale_16(cr, F_0_402));
  const v128_t green = wasm_i16x8_sub(round_16(low, high), cr);
  const v128_t blue = wasm_i16x8_add(wasm_i16x8_add(cb, cb), scale_16(cb, -F_0_228));
  return (Colours){wasm_i16x8_add(y, red), wasm_i16x8_add(y, green), wasm_i16x8_add(y, blue)};
}

/* Sixteen of the 48 bytes RGBRGB... that sixteen pixels of three planes are; -1 where another plane's byte goes. */
#define MIX(r, g, b, places_r, places_g, places_b)                                                         \
  wasm_v128_or(wasm_v128_or(wasm_i8x16_swizzle(r, places_r), wasm_i8x16_swizzle(g, places_g)),             \
               wasm_i8x16_swizzle(b, places_b))
#define PLACES wasm_i8x16_const

static inline void store_rgb(JSAMPROW out, v128_t r, v128_t g, v128_t b) {
  wasm_v128_store(out, MIX(r, g, b, PLACES(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5),
                           PLACES(-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1),
                           PLACES(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1)));
  wasm_v128_store(out + 16, MIX(r, g, b, PLACES(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1),
                                PLACES(5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10),
                                PLACES(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1)));
  wasm_v128_store(out + 32, MIX(r, g, b, PLACES(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1),
                                PLACES(-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1),
                                PLACES(10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15)));
}

int jsimd_can_ycc_rgb(void) { return 1; }

/*
 * Rows come in order into memory without gaps, so the last sixteen pixels of one may reach into the next, and those of
 * the last into the buffer's slack.
 */
void jsimd_ycc_rgb_convert(j_decompress_ptr cinfo, JSAMPIMAGE in, JDIMENSION in_row, JSAMPARRAY out, int rows) {
  const v128_t centre = wasm_i16x8_splat(CENTERJSAMPLE);
  for (int row = 0; row < rows; row++, in_row++) {
    const JSAMPLE *y = in[0][in_row], *cb = in[1][in_row], *cr = in[2][in_row];
    for (JDIMENSION x = 0; x < cinfo->output_width; x += 16) {
      const v128_t ys = wasm_v128_load(y + x), cbs = wasm_v128_load(cb + x), crs = wasm_v128_load(cr + x);
      const Colours low = to_rgb(wasm_u16x8_extend_low_u8x16(ys),
                                 wasm_i16x8_sub(wasm_u16x8_extend_low_u8x16(cbs), centre),
                                 wasm_i16x8_sub(wasm_u16x8_extend_low_u8x16(crs), centre));
      const Colours high = to_rgb(wasm_u16x8_extend_high_u8x16(ys),
                                  wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(cbs), centre),
                                  wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(crs), centre));
      store_rgb(out[row] + 3 * x, wasm_u8x16_narrow_i16x8(low.red, high.red),
                wasm_u8x16_narrow_i16x8(low.green, high.green), wasm_u8x16_narrow_i16x8(low.blue, high.blue));
    }
  }
}

/* ---- Interpolated chroma (jdsample.c) ---- */

/* Eight sums of a column: of one row alone, or 3/4 of the nearer and 1/4 of the further of two, times 4. */
static inline v128_t sum_of_rows(const JSAMPLE *nearer, const JSAMPLE *further) {
  const v128_t own = wasm_u16x8_load8x8(nearer);
  if (further == NULL) return own;
  return wasm_i16x8_add(wasm_i16x8_mul(own, wasm_i16x8_splat(3)), wasm_u16x8_load8x8(further));
}

/*
 * Twice as many columns: 3/4 of the nearer sum and 1/4 of the further one, a half rounded down and up by turns as
 * `libjpeg` does it. Beside the first and the last column the same one counts as its neighbour.
 */
static void widen_row(const JSAMPLE *nearer, const JSAMPLE *further, JSAMPROW out, JDIMENSION width) {
  const int shift = further == NULL ? 2 : 4;
  const v128_t down = wasm_i16x8_splat(further == NULL ? 1 : 8), up = wasm_i16x8_splat(further == NULL ? 2 : 7);
  for (JDIMENSION at = 0; at < width; at += 8) {
    const JDIMENSION x = at + 8 <= width || width < 8 ? at : width - 8; /* the last eight again, not past the end */
    const JSAMPLE *below = further == NULL ? NULL : further + x;
    const v128_t here = sum_of_rows(nearer + x, below);
    v128_t before = sum_of_rows(nearer + x - 1, below == NULL ? NULL : below - 1);
    v128_t behind = sum_of_rows(nearer + x + 1, below == NULL ? NULL : below + 1);
    if (x == 0) before = wasm_i16x8_replace_lane(before, 0, wasm_i16x8_extract_lane(here, 0));
    if (x + 8 == width) behind = wasm_i16x8_replace_lane(behind, 7, wasm_i16x8_extract_lane(here, 7));
    const v128_t three = wasm_i16x8_mul(here, wasm_i16x8_splat(3));
    const v128_t left = wasm_u16x8_shr(wasm_i16x8_add(wasm_i16x8_add(three, before), down), shift);
    const v128_t right = wasm_u16x8_shr(wasm_i16x8_add(wasm_i16x8_add(three, behind), up), shift);
    wasm_v128_store(out + 2 * x, wasm_v128_or(left, wasm_i16x8_shl(right, 8)));
  }
}

/* Rows narrower than a vector, which only images of a few pixels have. */
static void widen_short_row(const JSAMPLE *nearer, const JSAMPLE *further, JSAMPROW out, JDIMENSION width) {
  enum { LONGEST = 8 };
  JSAMPLE in[2][LONGEST + 16], wide[2 * LONGEST + 16];
  for (JDIMENSION x = 0; x < LONGEST + 16; x++) {
    const JDIMENSION inside = x == 0 ? 0 : x - 1 < width ? x - 1 : width - 1;
    in[0][x] = nearer[inside];
    if (further != NULL) in[1][x] = further[inside];
  }
  widen_row(in[0] + 1, further == NULL ? NULL : in[1] + 1, wide, LONGEST);
  memcpy(out, wide, 2 * width);
}

static void widen(const JSAMPLE *nearer, const JSAMPLE *further, JSAMPROW out, JDIMENSION width) {
  (width < 8 ? widen_short_row : widen_row)(nearer, further, out, width);
}

int jsimd_can_h2v1_fancy_upsample(void) { return 1; }

void jsimd_h2v1_fancy_upsample(j_decompress_ptr cinfo, jpeg_component_info *component, JSAMPARRAY in,
                               JSAMPARRAY *out) {
  for (int row = 0; row < cinfo->max_v_samp_factor; row++) {
    widen(in[row], NULL, (*out)[row], component->downsampled_width);
  }
}

int jsimd_can_h2v2_fancy_upsample(void) { return 1; }

void jsimd_h2v2_fancy_upsample(j_decompress_ptr cinfo, jpeg_component_info *component, JSAMPARRAY in,
                               JSAMPARRAY *out) {
  for (int row = 0; row < cinfo->max_v_samp_factor; row++) {
    const int nearer = row / 2;
    const int further = row % 2 == 0 ? nearer - 1 : nearer + 1;
    widen(in[nearer], in[further], (*out)[row], component->downsampled_width);
  }
}

/* ---- What the library's own C does ---- */

#define NONE(name) \
  int jsimd_can_##name(void) { return 0; }
#define NEVER_UPSAMPLES(name)                                                                              \
  NONE(name)                                                                                               \
  void jsimd_##name(j_decompress_ptr cinfo, jpeg_component_info *component, JSAMPARRAY in, JSAMPARRAY *out) {}
#define NEVER_TRANSFORMS(name)                                                                             \
  NONE(name)                                                                                               \
  void jsimd_##name(j_decompress_ptr cinfo, jpeg_component_info *component, JCOEFPTR block, JSAMPARRAY out, \
                    JDIMENSION column) {}

NEVER_UPSAMPLES(h2v1_upsample)
NEVER_UPSAMPLES(h2v2_upsample)
NEVER_TRANSFORMS(idct_2x2)
NEVER_TRANSFORMS(idct_4x4)
NEVER_TRANSFORMS(idct_ifast)
NEVER_TRANSFORMS(idct_float)

NONE(ycc_rgb565)
void jsimd_ycc_rgb565_convert(j_decompress_ptr cinfo, JSAMPIMAGE in, JDIMENSION in_row, JSAMPARRAY out, int rows) {}

/* The parts of libjpeg-turbo that no photograph needs: whoever comes to one is told that it is not there. */
#define JPEG_INTERNALS
#include "jinclude.h"
#include "jpeglib.h"
#include "jerror.h"

#define LEFT_OUT(name)                       \
  void name(j_decompress_ptr cinfo) {        \
    ERREXIT(cinfo, JERR_NOT_COMPILED);       \
  }
#define LEFT_OUT_WITH_FLAG(name)                        \
  void name(j_decompress_ptr cinfo, boolean flag) {     \
    ERREXIT(cinfo, JERR_NOT_COMPILED);                  \
  }

/* Samples of 12 and 16 bits. */
LEFT_OUT(j12init_color_deconverter)
LEFT_OUT(j12init_inverse_dct)
LEFT_OUT(j12init_merged_upsampler)
LEFT_OUT(j12init_upsampler)
LEFT_OUT(j12init_1pass_quantizer)
LEFT_OUT(j12init_2pass_quantizer)
LEFT_OUT_WITH_FLAG(j12init_d_coef_controller)
LEFT_OUT_WITH_FLAG(j12init_d_main_controller)
LEFT_OUT_WITH_FLAG(j12init_d_post_controller)
LEFT_OUT(j16init_color_deconverter)
LEFT_OUT(j16init_upsampler)
LEFT_OUT_WITH_FLAG(j16init_d_main_controller)
LEFT_OUT_WITH_FLAG(j16init_d_post_controller)

/* Lossless and arithmetic coding. */
LEFT_OUT(jinit_lossless_decompressor)
LEFT_OUT(j12init_lossless_decompressor)
LEFT_OUT(j16init_lossless_decompressor)
LEFT_OUT(jinit_lhuff_decoder)
LEFT_OUT(jinit_arith_decoder)
LEFT_OUT_WITH_FLAG(jinit_d_diff_controller)
LEFT_OUT_WITH_FLAG(j12init_d_diff_controller)
LEFT_OUT_WITH_FLAG(j16init_d_diff_controller)

/* Palettes, and upsampling without interpolation. */
LEFT_OUT(jinit_1pass_quantizer)
LEFT_OUT(jinit_2pass_quantizer)
LEFT_OUT(jinit_merged_upsampler)

/* Inverse transforms of other sizes than 8 x 8, and less exact ones. */
#define LEFT_OUT_TRANSFORM(name)                                                                           \
  void name(j_decompress_ptr cinfo, jpeg_component_info *component, JCOEFPTR block, JSAMPARRAY out,        \
            JDIMENSION column) {                                                                           \
    ERREXIT(cinfo, JERR_NOT_COMPILED);                                                                     \
  }
LEFT_OUT_TRANSFORM(jpeg_idct_1x1)
LEFT_OUT_TRANSFORM(jpeg_idct_2x2)
LEFT_OUT_TRANSFORM(jpeg_idct_3x3)
LEFT_OUT_TRANSFORM(jpeg_idct_4x4)
LEFT_OUT_TRANSFORM(jpeg_idct_5x5)
LEFT_OUT_TRANSFORM(jpeg_idct_6x6)
LEFT_OUT_TRANSFORM(jpeg_idct_7x7)
LEFT_OUT_TRANSFORM(jpeg_idct_9x9)
LEFT_OUT_TRANSFORM(jpeg_idct_10x10)
LEFT_OUT_TRANSFORM(jpeg_idct_11x11)
LEFT_OUT_TRANSFORM(jpeg_idct_12x12)
LEFT_OUT_TRANSFORM(jpeg_idct_13x13)
LEFT_OUT_TRANSFORM(jpeg_idct_14x14)
LEFT_OUT_TRANSFORM(jpeg_idct_15x15)
LEFT_OUT_TRANSFORM(jpeg_idct_16x16)
LEFT_OUT_TRANSFORM(jpeg_idct_islow)
LEFT_OUT_TRANSFORM(jpeg_idct_ifast)
LEFT_OUT_TRANSFORM(jpeg_idct_float)

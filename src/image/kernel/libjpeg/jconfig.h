/* libjpeg-turbo's choices for this module: decoding only, 8 bits, with the vector routines of ../simd.c. */
#define JPEG_LIB_VERSION 62
#define LIBJPEG_TURBO_VERSION 3.1.0
#define LIBJPEG_TURBO_VERSION_NUMBER 3001000
#define D_ARITH_CODING_SUPPORTED 1 /* so that its markers are checked; images are refused */
#define MEM_SRCDST_SUPPORTED 1
#define WITH_SIMD 1
#ifndef BITS_IN_JSAMPLE
#define BITS_IN_JSAMPLE 8
#endif

/*
 * One JPEG at a time, by libjpeg-turbo: its header, and then the pixels of a box. No row below the box is decoded, and
 * of the rows above it and the columns beside it only the Huffman codes. What is given is what decoding the whole image
 * gives, and a file is refused where that would be refused.
 */
#include "kernel.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "jinclude.h"
#define JPEG_INTERNALS
#include "jpeglib.h"
#include "jerror.h"

/* A progressive image has about ten scans; each of them makes the decoder walk over the whole image. */
enum { MAX_SCANS = 500 };

/* Pixels beside a box that its own pixels' interpolated chroma is made of. */
enum { CHROMA_REACH = 1 };
/* Narrower strips than this are interpolated otherwise; a multiple of every MCU's width. */
enum { MIN_STRIP = 32 };

enum { ROWS_AT_ONCE = 16 };

static struct jpeg_decompress_struct decoder;
static struct jpeg_error_mgr errors;
static struct jpeg_source_mgr source;
static struct jpeg_progress_mgr progress;
static Buffer file;
static size_t file_size;

/* What the host reads after open_jpeg(). */
typedef struct {
  int32_t width, height;
  int32_t components; /* 1 grey, 3 colour, 4 printing inks */
  int32_t parameters[8]; /* of libjpeg's message, after a failure */
} Header;

static Header header;

Header *EXPORT(jpeg_header)(void) { return &header; }

/* Room for a file of this size. */
uint8_t *EXPORT(bring_file)(size_t size) {
  file_size = size;
  return reserve(&file, size);
}

static int kind_of(int code) {
  switch (code) {
    case JERR_OUT_OF_MEMORY: return FAIL_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL: return FAIL_UNSUPPORTED;
    default: return code;
  }
}

static void leave(j_common_ptr any) {
  memcpy(header.parameters, any->err->msg_parm.i, sizeof header.parameters);
  fail(kind_of(any->err->msg_code));
}

static void count_warning(j_common_ptr any, int level) {
  if (level < 0) any->err->num_warnings++;
}

static void say_nothing(j_common_ptr any) {}
static void format_nothing(j_common_ptr any, char *text) { *text = '\0'; }

static void reset_warnings(j_common_ptr any) {
  any->err->num_warnings = 0;
  any->err->msg_code = 0;
}

static void do_nothing(j_decompress_ptr any) {}

/* All rows are there: what follows may end too early, as it may for Pillow. */
static bool has_all_rows;

/* The whole file is there from the beginning: whoever asks for more has come to its end. */
static boolean run_out(j_decompress_ptr any) {
  if (!has_all_rows) fail(FAIL_TRUNCATED);
  return FALSE;
}

static void skip(j_decompress_ptr any, long count) {
  if (count <= 0) return;
  if ((size_t)count > source.bytes_in_buffer) {
    source.bytes_in_buffer = 0;
    run_out(any);
  } else {
    source.next_input_byte += count;
    source.bytes_in_buffer -= count;
  }
}

static void limit_scans(j_common_ptr any) {
  if (decoder.input_scan_number > MAX_SCANS) fail(FAIL_SCANS);
}

/* Begins the file anew. A decoder of its own for each image: tables of one must not serve another that lacks them. */
static void begin(void) {
  jpeg_destroy_decompress(&decoder);
  errors = (struct jpeg_error_mgr){
      .error_exit = leave,
      .emit_message = count_warning,
      .output_message = say_nothing,
      .format_message = format_nothing,
      .reset_error_mgr = reset_warnings,
  };
  decoder.err = &errors;
  jpeg_create_decompress(&decoder);
  source = (struct jpeg_source_mgr){
      .next_input_byte = file.bytes,
      .bytes_in_buffer = file_size,
      .init_source = do_nothing,
      .fill_input_buffer = run_out,
      .skip_input_data = skip,
      .resync_to_restart = jpeg_resync_to_restart,
      .term_source = do_nothing,
  };
  decoder.src = &source;
  progress.progress_monitor = limit_scans;
  decoder.progress = &progress;
  has_all_rows = false;
  /* libjpeg skips what lies before the first marker; to Pillow that is no JPEG. */
  if (file_size < 3 || file.bytes[2] != 0xff) ERREXIT2(&decoder, JERR_NO_SOI, file.bytes[0], file.bytes[1]);
  jpeg_read_header(&decoder, TRUE);
}

/* Reads the header of the file that was brought. */
void EXPORT(open_jpeg)(void) {
  begin();
  header.width = decoder.image_width;
  header.height = decoder.image_height;
  header.components = decoder.num_components;
}

static int min(int a, int b) { return a < b ? a : b; }
static int max(int a, int b) { return a > b ? a : b; }

static void start(void) {
  decoder.out_color_space = JCS_RGB;
  jpeg_start_decompress(&decoder);
}

/* Reads the rows up to `end` into `pixels`, which shows rows of the decoder's present width. */
static void read_rows(uint8_t *pixels, int end) {
  const size_t stride = 3 * (size_t)decoder.output_width;
  JSAMPROW rows[ROWS_AT_ONCE];
  while ((int)decoder.output_scanline < end) {
    const int count = min(ROWS_AT_ONCE, end - decoder.output_scanline);
    for (int i = 0; i < count; i++) rows[i] = pixels + i * stride;
    pixels += stride * jpeg_read_scanlines(&decoder, rows, count);
  }
}

static Buffer pixels, discarded;

/* Decodes everything, keeps a box, and goes on to the file's end: what is wrong behind the last row counts as well. */
static void decode_whole(int x0, int y0, int x1, int y1) {
  const int width = decoder.output_width;
  const size_t length = 3 * (size_t)(x1 - x0);
  uint8_t *out = reserve_pixels(&pixels, x1 - x0, y1 - y0);
  show(out, x0, y0, x1 - x0, y1 - y0);
  uint8_t *row = reserve_pixels(&discarded, width, 1);
  while (decoder.output_scanline < decoder.output_height) {
    const int y = decoder.output_scanline;
    read_rows(row, y + 1);
    if (y < y0 || y >= y1) continue;
    memcpy(out, row + 3 * (size_t)x0, length);
    out += length;
  }
  has_all_rows = true;
  jpeg_finish_decompress(&decoder);
}

/* Decodes a box and what lies beside it up to the next MCUs. */
static void decode_part(int x0, int y0, int x1, int y1) {
  const int full = decoder.output_width;
  JDIMENSION left = max(0, min(x0 - CHROMA_REACH, full - MIN_STRIP));
  JDIMENSION width = min(full, max(x1 + CHROMA_REACH, left + MIN_STRIP)) - left;
  jpeg_crop_scanline(&decoder, &left, &width);
  uint8_t *rows = reserve_pixels(&pixels, width, y1 - y0);
  if (y0 > 0) jpeg_skip_scanlines(&decoder, y0);
  read_rows(rows, y1);
  show(rows, left, y0, width, y1 - y0);
}

static bool is_marker(uint8_t code) { return code != 0 && code != 0xff; }
static bool is_restart(uint8_t code) { return code >= 0xd0 && code <= 0xd7; }

/*
 * Whether nothing but Huffman codes lies between here and the end of the image. They can be damaged, at which libjpeg
 * only warns; any other marker is for it to judge.
 */
static bool ends_plainly(void) {
  enum { END_OF_IMAGE = 0xd9 };
  if (decoder.unread_marker != 0) return decoder.unread_marker == END_OF_IMAGE;
  const uint8_t *at = source.next_input_byte, *end = at + source.bytes_in_buffer;
  while ((at = memchr(at, 0xff, end - at)) != NULL && at + 1 < end) {
    const uint8_t code = *++at;
    if (is_marker(code) && !is_restart(code)) return code == END_OF_IMAGE;
  }
  return false;
}

/*
 * Decodes at least this box of the file that was opened. Where anything is unusual, all of it is decoded: in files of
 * several scans, and in damaged ones, in which rows and columns beside the box tell what it shows.
 */
void EXPORT(decode_jpeg)(int x0, int y0, int x1, int y1) {
  start();
  if (!decoder.inputctl->has_multiple_scans) {
    decode_part(x0, y0, x1, y1);
    if (errors.num_warnings == 0 && ends_plainly()) return;
    begin();
    start();
  }
  decode_whole(x0, y0, x1, y1);
}

/* The text of libjpeg's messages; the host fills the parameters in. */
static const char *const messages[] = {
#define JVERSION ""
#define JCOPYRIGHT_SHORT ""
#define JMESSAGE(code, text) text,
#include "jerror.h"
};

const char *EXPORT(message)(int code) {
  return code > 0 && code < JMSG_LASTMSGCODE ? messages[code] : "";
}

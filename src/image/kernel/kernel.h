/*
 * The image kernel: JPEG decoding, resizing as Pillow does it and the values of a model's input, in one WebAssembly
 * module. Whoever holds an instance calls the EXPORTed functions one after another; all state is in this module's
 * memory, and nothing is shared between instances.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

/* What fail() is told besides libjpeg's own message codes, which are below 1000. */
enum {
  FAIL_MEMORY = 1000, /* the memory's limit is reached */
  FAIL_TRUNCATED,     /* the file ends before its image does */
  FAIL_SCANS,         /* more scans than any encoder writes */
  FAIL_NOT_SHOWN,     /* pixels that were neither decoded nor brought */
  FAIL_UNSUPPORTED,   /* a JPEG of a kind that this decoder leaves to others */
};

/* Leaves the module by an exception of the host. The call that was under way has no result. */
__attribute__((import_module("host"), import_name("fail"))) _Noreturn void fail(int code);

/* Memory that is used again and again and grows when it has to. */
typedef struct {
  uint8_t *bytes;
  size_t capacity;
} Buffer;

/*
 * Makes a buffer at least `size` bytes long; what it held is lost. SLACK more bytes may be read and written behind
 * them, so that vector loops need no special case for the last pixels of an image.
 */
enum { SLACK = 64 };
void *reserve(Buffer *buffer, size_t size);

/* Interleaved RGB of a part of an image. */
typedef struct {
  const uint8_t *pixels; /* of the part's first pixel */
  size_t stride;         /* bytes from a row to the next */
  int x, y;              /* where in the image the part begins */
  int width, height;     /* the part's size */
} Picture;

/* What is worked on, and what was made of it last. */
extern Picture picture;
extern Picture result;

/* Shows pixels without gaps as the picture. */
void show(uint8_t *pixels, int x, int y, int width, int height);

/* Memory for pixels of RGB, and for one row more, which may be read. */
uint8_t *reserve_pixels(Buffer *buffer, size_t width, size_t height);

#endif

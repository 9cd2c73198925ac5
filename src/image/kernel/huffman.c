/*
 * Huffman decoding of sequential JPEGs, most of a decoder's time. libjpeg-turbo's own decoder is here in full, and
 * does whatever is rare: markers, the end of the data, damage. Only its loop over plain data is replaced, by one that
 *
 * - looks up a coefficient at once: the number of zeros before it, its value and the bits that both take;
 * - refills its 64 bits once for four coefficients, without a branch where none of the next eight bytes is 0xFF;
 * - keeps what it reads from in registers.
 */
#define jinit_huff_decoder jinit_stock_huff_decoder
#include "jdhuff.c"
#undef jinit_huff_decoder

#include <wasm_simd128.h>

enum {
  LOOKUP_BITS = 10,
  LOOKUP_SIZE = 1 << LOOKUP_BITS,
  LOOKUPS = 4, /* between two refills */
  FILLED = 49, /* bits that there are at least behind a refill: for so many lookups, or for a code and its value,
                  which take 16 + 15 bits at most */
};

/*
 * What the next LOOKUP_BITS bits begin with, in one word: the bits that are used up, in the lowest eight; the
 * coefficients to go on by, this one included, in the next; its value, where its bits are all there, in the upper half.
 */
typedef uint32_t Entry;

enum {
  LONG = 0,                  /* more bits must be looked at */
  END_OF_BLOCK = DCTSIZE2,   /* coefficients to go on by, where no more come */
};

static inline Entry make_entry(int value, int zeros, int length) { return (uint32_t)value << 16 | zeros << 8 | length; }
static inline int value_of(Entry entry) { return (int32_t)entry >> 16; }
static inline int zeros_of(Entry entry) { return entry >> 8 & 0xff; }
static inline int length_of(Entry entry) { return entry & 0xff; }

typedef struct {
  UINT8 bits[17], values[256]; /* the table that the entries were made of */
  boolean is_made;
  Entry entries[LOOKUP_SIZE];
} Lookup;

/* Many images have the same tables as the one before. */
static Lookup lookups[NUM_HUFF_TBLS];

static Entry entry_of(const d_derived_tbl *table, int bits) {
  const int found = table->lookup[bits >> (LOOKUP_BITS - HUFF_LOOKAHEAD)];
  const int code_length = found >> HUFF_LOOKAHEAD, symbol = found & 0xff;
  if (code_length > HUFF_LOOKAHEAD) return LONG;
  const int zeros = symbol >> 4, size = symbol & 15;
  const int length = code_length + size;
  if (length > LOOKUP_BITS) return LONG;
  if (size == 0) return make_entry(0, zeros == 15 ? 16 : END_OF_BLOCK, length);
  const int raw = (bits >> (LOOKUP_BITS - length)) & ((1 << size) - 1);
  return make_entry(HUFF_EXTEND(raw, size), zeros + 1, length);
}

static void make_lookup(Lookup *lookup, const d_derived_tbl *table) {
  const JHUFF_TBL *source = table->pub;
  if (lookup->is_made && !memcmp(lookup->bits, source->bits, sizeof lookup->bits) &&
      !memcmp(lookup->values, source->huffval, sizeof lookup->values)) {
    return;
  }
  memcpy(lookup->bits, source->bits, sizeof lookup->bits);
  memcpy(lookup->values, source->huffval, sizeof lookup->values);
  for (int bits = 0; bits < LOOKUP_SIZE; bits++) lookup->entries[bits] = entry_of(table, bits);
  lookup->is_made = TRUE;
}

/* Bits that were read ahead, and the bytes that come next. */
typedef struct {
  uint64_t bits; /* the next is the highest; behind `count` of them are zeros */
  int count;
  const uint8_t *next;
  int marker; /* the marker that was met; from there on the bits are zeros */
} Reader;

static inline int peek(const Reader *reader, int count) { return (int)(reader->bits >> (64 - count)); }

static inline void drop(Reader *reader, int count) {
  reader->bits <<= count & 63;
  reader->count -= count;
}

/* @param count 1 or more */
static inline int take(Reader *reader, int count) {
  const int bits = peek(reader, count);
  drop(reader, count);
  return bits;
}

/* Eight bytes, of which the first is the highest. */
static inline uint64_t load_bytes(const uint8_t *at) {
  const v128_t order = wasm_i8x16_const(7, 6, 5, 4, 3, 2, 1, 0, -1, -1, -1, -1, -1, -1, -1, -1);
  return wasm_i64x2_extract_lane(wasm_i8x16_swizzle(wasm_v128_load64_zero(at), order), 0);
}

static __attribute__((noinline)) void refill_by_bytes(Reader *reader) {
  while (reader->count < FILLED) {
    const uint8_t byte = *reader->next;
    const uint8_t behind = byte == 0xff ? reader->next[1] : 0;
    if (behind != 0) {
      reader->marker = behind;
    } else {
      reader->bits |= (uint64_t)byte << (56 - reader->count);
      reader->next += byte == 0xff ? 2 : 1;
    }
    reader->count += 8;
  }
}

/*
 * Afterwards there are at least FILLED bits. All of the next eight bytes are put behind those that are there, though
 * the last may not fit and counts for nothing: it comes again. What is called gets a copy: a reader whose address
 * nobody has stays in registers.
 */
static inline void refill(Reader *reader) {
  const uint64_t word = load_bytes(reader->next);
  const uint64_t has_ff = word & 0x8080808080808080u & (~word - 0x0101010101010101u); /* as a zero byte of ~word */
  if (__builtin_expect(has_ff != 0, 0)) {
    if (reader->count >= FILLED) return;
    Reader copy = *reader;
    refill_by_bytes(&copy);
    *reader = copy;
    return;
  }
  reader->bits |= word >> reader->count;
  reader->next += (63 - reader->count) >> 3;
  reader->count |= 56;
}

/* A symbol of any length. */
static inline int take_symbol(Reader *reader, const d_derived_tbl *table) {
  const int found = table->lookup[peek(reader, HUFF_LOOKAHEAD)];
  int length = found >> HUFF_LOOKAHEAD;
  if (length <= HUFF_LOOKAHEAD) {
    drop(reader, length);
    return found & 0xff;
  }
  JLONG code = take(reader, length);
  while (code > table->maxcode[length]) {
    code = code << 1 | take(reader, 1);
    length++;
  }
  return length > 16 ? 0 : table->pub->huffval[(code + table->valoffset[length]) & 0xff];
}

static inline int take_difference(Reader *reader, const d_derived_tbl *table) {
  refill(reader);
  const int size = take_symbol(reader, table);
  if (size == 0) return 0;
  const int raw = take(reader, size);
  return HUFF_EXTEND(raw, size);
}

static __attribute__((noinline)) Entry take_long_from(Reader *reader, const d_derived_tbl *table) {
  refill(reader);
  const int symbol = take_symbol(reader, table);
  const int zeros = symbol >> 4, size = symbol & 15;
  const int raw = size == 0 ? 0 : take(reader, size);
  refill(reader);
  if (size == 0) return make_entry(0, zeros == 15 ? 16 : END_OF_BLOCK, 0);
  return make_entry(HUFF_EXTEND(raw, size), zeros + 1, 0);
}

/* A coefficient that the lookup does not hold, in the same form; its bits are used up, and there are FILLED again. */
static inline Entry take_long(Reader *reader, const d_derived_tbl *table) {
  Reader copy = *reader;
  const Entry entry = take_long_from(&copy, table);
  *reader = copy;
  return entry;
}

/*
 * The coefficients of a block behind its first. Damaged data can lead beyond the last, for which jpeg_natural_order
 * has spare places.
 */
static inline void take_coefficients(Reader *reader, const Lookup *lookup, const d_derived_tbl *table, JCOEF *block) {
  for (int at = 0;;) {
    refill(reader);
    for (int i = 0; i < LOOKUPS; i++) {
      Entry entry = lookup->entries[peek(reader, LOOKUP_BITS)];
      if (__builtin_expect(entry == LONG, 0)) entry = take_long(reader, table);
      drop(reader, length_of(entry));
      const int zeros = zeros_of(entry);
      at += zeros;
      if (zeros == END_OF_BLOCK) return;
      if (block != NULL && value_of(entry) != 0) block[jpeg_natural_order[at]] = value_of(entry);
      if (at >= DCTSIZE2 - 1) return;
    }
  }
}

/* The place of decode_mcu_fast(): FALSE where a marker was met, and nothing has been used up. */
static boolean decode_plain(j_decompress_ptr cinfo, JBLOCKROW *blocks) {
  const huff_entropy_ptr entropy = (huff_entropy_ptr)cinfo->entropy;
  const bitread_perm_state state = entropy->bitstate; /* the library's next bit is the highest of `bits_left` */
  if (state.bits_left == 64) return FALSE; /* a full buffer, as the library may leave it, cannot be refilled */
  const uint64_t bits = state.bits_left == 0 ? 0 : (uint64_t)state.get_buffer << (64 - state.bits_left);
  Reader reader = {bits, state.bits_left, cinfo->src->next_input_byte, 0};
  savable_state saved = entropy->saved;
  for (int i = 0; i < cinfo->blocks_in_MCU; i++) {
    JCOEF *block = blocks == NULL ? NULL : *blocks[i];
    const int component = cinfo->MCU_membership[i];
    saved.last_dc_val[component] += take_difference(&reader, entropy->dc_cur_tbls[i]);
    if (block != NULL) block[0] = saved.last_dc_val[component];
    const int ac_table = cinfo->cur_comp_info[component]->ac_tbl_no;
    take_coefficients(&reader, &lookups[ac_table], entropy->ac_cur_tbls[i], block);
  }
  if (reader.marker != 0) return FALSE;
  cinfo->src->bytes_in_buffer -= reader.next - cinfo->src->next_input_byte;
  cinfo->src->next_input_byte = reader.next;
  const uint64_t left = reader.count == 0 ? 0 : reader.bits >> (64 - reader.count);
  entropy->bitstate = (bitread_perm_state){left, reader.count};
  entropy->saved = saved;
  return TRUE;
}

/* As decode_mcu() of jdhuff.c. */
static boolean decode_unit(j_decompress_ptr cinfo, JBLOCKROW *blocks) {
  const huff_entropy_ptr entropy = (huff_entropy_ptr)cinfo->entropy;
  const boolean is_plain = cinfo->restart_interval == 0 && cinfo->unread_marker == 0 &&
                           cinfo->src->bytes_in_buffer >= BUFSIZE * (size_t)cinfo->blocks_in_MCU;
  if (is_plain && !entropy->pub.insufficient_data && decode_plain(cinfo, blocks)) return TRUE;
  return decode_mcu(cinfo, blocks);
}

static void start_pass(j_decompress_ptr cinfo) {
  const huff_entropy_ptr entropy = (huff_entropy_ptr)cinfo->entropy;
  start_pass_huff_decoder(cinfo);
  for (int i = 0; i < cinfo->comps_in_scan; i++) {
    const int table = cinfo->cur_comp_info[i]->ac_tbl_no;
    make_lookup(&lookups[table], entropy->ac_derived_tbls[table]);
  }
}

void jinit_huff_decoder(j_decompress_ptr cinfo) {
  jinit_stock_huff_decoder(cinfo);
  cinfo->entropy->start_pass = start_pass;
  cinfo->entropy->decode_mcu = decode_unit;
}

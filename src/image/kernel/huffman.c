/*
 * Huffman decoding of sequential JPEGs, most of a decoder's time. libjpeg-turbo's own decoder is here in full, and
 * does whatever is rare: markers, the end of the data, damage. Only its loop over plain data is replaced, by one that
 *
 * - looks up a coefficient at once: the number of zeros before it, its value and the bits that both take;
 * - refills its 64 bits at most once a coefficient, by four bytes at a time where none of them is 0xFF.
 */
#define jinit_huff_decoder jinit_stock_huff_decoder
#include "jdhuff.c"
#undef jinit_huff_decoder

/* A code and the bits of its value take at most 16 + 15 bits. */
enum { MOST_BITS = 31, LOOKUP_BITS = 10, LOOKUP_SIZE = 1 << LOOKUP_BITS };

/* What the next LOOKUP_BITS bits begin with. */
typedef struct {
  int16_t value;  /* of the coefficient, where its bits are all there */
  uint8_t zeros;  /* coefficients to go on by, this one included; END_OF_BLOCK where no more come */
  uint8_t length; /* bits that are used up; 0: more bits must be looked at */
} Entry;

enum { END_OF_BLOCK = DCTSIZE2 };

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
  if (code_length > HUFF_LOOKAHEAD) return (Entry){0};
  const int zeros = symbol >> 4, size = symbol & 15;
  const int length = code_length + size;
  if (length > LOOKUP_BITS) return (Entry){0};
  if (size == 0) return (Entry){0, zeros == 15 ? 16 : END_OF_BLOCK, length};
  const int raw = (bits >> (LOOKUP_BITS - length)) & ((1 << size) - 1);
  return (Entry){HUFF_EXTEND(raw, size), zeros + 1, length};
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
  uint64_t bits;
  int count;
  const uint8_t *next;
  int marker; /* the marker that was met; from there on the bits are zeros */
} Reader;

static inline int peek(const Reader *reader, int count) {
  return (int)(reader->bits >> (reader->count - count)) & ((1 << count) - 1);
}

static inline int take(Reader *reader, int count) {
  reader->count -= count;
  return (int)(reader->bits >> reader->count) & ((1 << count) - 1);
}

static __attribute__((noinline)) void refill_by_bytes(Reader *reader) {
  while (reader->count <= MOST_BITS) {
    const uint8_t byte = *reader->next;
    const uint8_t behind = byte == 0xff ? reader->next[1] : 0;
    if (behind != 0) {
      reader->marker = behind;
      reader->bits <<= 8;
    } else {
      reader->bits = reader->bits << 8 | byte;
      reader->next += byte == 0xff ? 2 : 1;
    }
    reader->count += 8;
  }
}

/* Afterwards there are at least MOST_BITS bits. */
static inline void refill(Reader *reader) {
  if (reader->count > MOST_BITS) return;
  uint32_t word;
  memcpy(&word, reader->next, sizeof word);
  const uint32_t has_ff = word & 0x80808080u & (~word - 0x01010101u); /* as a zero byte is found in ~word */
  if (__builtin_expect(has_ff != 0, 0)) return refill_by_bytes(reader);
  reader->bits = reader->bits << 32 | __builtin_bswap32(word);
  reader->count += 32;
  reader->next += 4;
}

/* A symbol of any length. */
static inline int take_symbol(Reader *reader, const d_derived_tbl *table) {
  const int found = table->lookup[peek(reader, HUFF_LOOKAHEAD)];
  int length = found >> HUFF_LOOKAHEAD;
  if (length <= HUFF_LOOKAHEAD) {
    reader->count -= length;
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

/* A coefficient that the lookup does not hold, in the same form. */
static __attribute__((noinline)) Entry take_long(Reader *reader, const d_derived_tbl *table) {
  const int symbol = take_symbol(reader, table);
  const int zeros = symbol >> 4, size = symbol & 15;
  if (size == 0) return (Entry){0, zeros == 15 ? 16 : END_OF_BLOCK, 1};
  const int raw = take(reader, size);
  return (Entry){HUFF_EXTEND(raw, size), zeros + 1, 1};
}

/*
 * The coefficients of a block behind its first. Damaged data can lead beyond the last, for which jpeg_natural_order
 * has spare places.
 */
static inline void take_coefficients(Reader *reader, const Lookup *lookup, const d_derived_tbl *table, JCOEF *block) {
  for (int at = 0;;) {
    refill(reader);
    Entry entry = lookup->entries[peek(reader, LOOKUP_BITS)];
    if (__builtin_expect(entry.length != 0, 1)) reader->count -= entry.length;
    else entry = take_long(reader, table);
    at += entry.zeros;
    if (entry.zeros == END_OF_BLOCK) return;
    if (block != NULL && entry.value != 0) block[jpeg_natural_order[at]] = entry.value;
    if (at >= DCTSIZE2 - 1) return;
  }
}

/* The place of decode_mcu_fast(): FALSE where a marker was met, and nothing has been used up. */
static boolean decode_plain(j_decompress_ptr cinfo, JBLOCKROW *blocks) {
  const huff_entropy_ptr entropy = (huff_entropy_ptr)cinfo->entropy;
  Reader reader = {entropy->bitstate.get_buffer, entropy->bitstate.bits_left, cinfo->src->next_input_byte, 0};
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
  entropy->bitstate = (bitread_perm_state){reader.bits, reader.count};
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

// The matrix product on AMX, the tile unit of newer Intel CPUs, to the precision of float32.
//
// The unit multiplies tiles of bfloat16, numbers of 8 significant bits, and sums in float32, at 32
// times the rate of AVX-512. A float32 of 24 bits is exactly the sum of three of them, x = x1 + x2
// + x3, and of the nine products of two such sums the six largest are kept (Henry, Tang and
// Heinecke 2019, arXiv:1904.06376): what is left out is under 2^-22 of the product, and the error
// measured is half that of a chain of float32 multiply-adds.

#if defined(__AMX_BF16__) && defined(__AVX512BW__) && defined(__linux__)
#define TILES 1
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TERMS 32              // terms of a sum that a tile holds
#define PASS 256              // terms at a time: 48 KB of B and of A, which come from the L2 cache
#define ALIGNED __attribute__((aligned(64)))
#define TRIPLE (3 * 16 * TERMS)  // numbers of a tile's three parts
#define TILE_ROWS 256         // of A in scratch

static int tiles_allowed;
#define SPLIT_LIMIT 65536  // numbers that one factor may have in scratch
static _Thread_local ALIGNED uint16_t tile_scratch[2][3 * SPLIT_LIMIT];

// Linux gives the unit's registers to those who ask (arch_prctl, ARCH_REQ_XCOMP_PERM). They make the
// frame of a signal 8 KB larger; the calling thread's stack for signals, which holds just a frame,
// must leave room for handlers too (a profiler's needs some).
static void ask_for_tiles(void) {
  stack_t now, larger = {.ss_size = 1 << 16};
  if (sigaltstack(0, &now)) return;
  if (!(now.ss_flags & SS_DISABLE) && now.ss_size < larger.ss_size) {
    larger.ss_sp = malloc(larger.ss_size);  // the thread's, as long as it lives
    if (!larger.ss_sp || sigaltstack(&larger, 0)) return;
  }
  tiles_allowed = !syscall(SYS_arch_prctl, 0x1023, 18);
}

struct tile_shapes {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
};
static const struct tile_shapes TILE_SHAPES = {  // 8 tiles of 16 rows of 64 bytes
    .palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

// 16 pairs (low[i], high[i]) of bfloat16 for each of the three parts. Returns whether a number is
// infinite, NaN or within a rounding of it: these cannot be split.
INLINE unsigned split_pairs(__m512 low, __m512 high, __m512i part[3]) {
  const __m512i half = _mm512_set1_epi32(0x8000), mask = _mm512_set1_epi32((int)0xffff0000);
  __m512i l1 = _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(low), half), mask);
  __m512i h1 = _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(high), half), mask);
  low = _mm512_sub_ps(low, _mm512_castsi512_ps(l1));
  high = _mm512_sub_ps(high, _mm512_castsi512_ps(h1));
  __m512i l2 = _mm512_and_si512(_mm512_castps_si512(low), mask);
  __m512i h2 = _mm512_and_si512(_mm512_castps_si512(high), mask);
  __m512i l3 = _mm512_castps_si512(_mm512_sub_ps(low, _mm512_castsi512_ps(l2)));
  __m512i h3 = _mm512_castps_si512(_mm512_sub_ps(high, _mm512_castsi512_ps(h2)));
  part[0] = _mm512_or_si512(_mm512_srli_epi32(l1, 16), h1);
  part[1] = _mm512_or_si512(_mm512_srli_epi32(l2, 16), h2);
  part[2] = _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(l3, 16), h3);
  // Whatever was infinite or NaN has left a NaN here, and so has what was rounded to infinity.
  return _mm512_fpclass_ps_mask(_mm512_castsi512_ps(l3), 0x81) |
         _mm512_fpclass_ps_mask(_mm512_castsi512_ps(h3), 0x81);
}

INLINE __m512 some_of(const float *x, int n) {  // the first n of 16 numbers, then zeros
  if (n >= 16) return _mm512_loadu_ps(x);
  return n <= 0 ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x);
}

// A factor of a product as tiles [lines / 16][terms / 32][3], where the lines are A's rows or B's
// columns, padded with zeros to multiples of 32. `along`: a line lies along memory, x[line * ld +
// term], else across it, x[term * ld + line]. A `left` factor has its lines in the tile's rows, a
// right one in its columns; pair p of a tile is terms p and p + 16. Returns whether a number could
// not be split.
INLINE unsigned split_tiles(uint16_t *to, const float *x, ptrdiff_t ld, int lines, int terms,
                            const int along, const int left) {
  unsigned bad = 0;
  for (int l0 = 0; l0 < up(lines, 32); l0 += 16)
    for (int s = 0; s < terms; s += TERMS, to += TRIPLE) {
      __m512i square[3][16];
#pragma GCC unroll 2
      for (int i = 0; i < 16; i++) {
        __m512i part[3];
        if (along) {
          const int n = l0 + i < lines ? terms - s : 0;
          const float *from = x + (l0 + i) * ld + s;
          bad |= split_pairs(some_of(from, n), some_of(from + 16, n - 16), part);
        } else {
          const int n = lines - l0;
          const float *from = x + (s + i) * ld + l0;
          bad |= split_pairs(some_of(from, s + i < terms ? n : 0),
                             some_of(from + 16 * ld, s + i + 16 < terms ? n : 0), part);
        }
        for (int j = 0; j < 3; j++) {
          if (along == left) _mm512_storeu_si512(to + (j * 16 + i) * TERMS, part[j]);
          else square[j][i] = part[j];
        }
      }
      if (along != left)
        for (int j = 0; j < 3; j++) {
          turn_square(square[j]);
          for (int i = 0; i < 16; i++) _mm512_storeu_si512(to + (j * 16 + i) * TERMS, square[j][i]);
        }
    }
  return bad;
}
#define SPLITTER(name, along, left)                                                          \
  static __attribute__((noinline)) unsigned name(uint16_t *to, const float *x, ptrdiff_t ld, \
                                                 int lines, int terms) {                     \
    return split_tiles(to, x, ld, lines, terms, along, left);                                \
  }
SPLITTER(left_of_rows, 1, 1)       // A as it is multiplied
SPLITTER(left_of_columns, 0, 1)    // A stored turned
SPLITTER(right_of_columns, 0, 0)   // B as it is multiplied
SPLITTER(right_of_rows, 1, 0)      // B stored turned

// Numbers to fetch into the cache: `lines` times 16 of each of some rows.
struct fetch {
  const float *from;
  ptrdiff_t ld;
  int rows, lines;
};

// C[32, 32] (+)= A B over `steps` tiles of terms; lda and ldb lead from 16 lines to the next. Meanwhile
// what will be needed next is fetched: with large matrices that is what takes longest.
static void tile_block(const uint16_t *a, ptrdiff_t lda, const uint16_t *b, ptrdiff_t ldb, int steps,
                       int first, float *c, ptrdiff_t ldc, const struct fetch *next, int fetches) {
  const uint16_t *a2 = a + lda, *b2 = b + ldb;
  float *below = c + 16 * ldc;
  if (first) {
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  } else {
    _tile_loadd(0, c, 4 * ldc), _tile_loadd(1, c + 16, 4 * ldc);
    _tile_loadd(2, below, 4 * ldc), _tile_loadd(3, below + 16, 4 * ldc);
  }
#define LEFT(part) _tile_loadd(4, a + (part) * 16 * TERMS, 64), _tile_loadd(5, a2 + (part) * 16 * TERMS, 64)
#define RIGHT(part) _tile_loadd(6, b + (part) * 16 * TERMS, 64), _tile_loadd(7, b2 + (part) * 16 * TERMS, 64)
#define MULTIPLY_TILES() \
  _tile_dpbf16ps(0, 4, 6), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(2, 5, 6), _tile_dpbf16ps(3, 5, 7)
  for (int s = 0; s < steps; s++) {
    for (int f = 0; f < fetches; f++) {
      const int share = (next[f].rows + 3) / 4, until = MIN(next[f].rows, (s + 1) * share);
      for (int i = s * share; i < until; i++)
        for (int l = 0; l < next[f].lines; l++)
          __builtin_prefetch(next[f].from + i * next[f].ld + 16 * l, 1);
    }
    LEFT(1), RIGHT(1), MULTIPLY_TILES();
    RIGHT(0), MULTIPLY_TILES();
    LEFT(2), MULTIPLY_TILES();
    LEFT(0), MULTIPLY_TILES();
    RIGHT(1), MULTIPLY_TILES();
    RIGHT(2), MULTIPLY_TILES();
    a += TRIPLE, a2 += TRIPLE, b += TRIPLE, b2 += TRIPLE;
  }
  _tile_stored(0, c, 4 * ldc), _tile_stored(1, c + 16, 4 * ldc);
  _tile_stored(2, below, 4 * ldc), _tile_stored(3, below + 16, 4 * ldc);
}

static void copy_block(float *to, ptrdiff_t ldt, const float *from, ptrdiff_t ldf, int rows, int cols) {
  for (int i = 0; i < rows; i++) copy(to + i * ldt, from + i * ldf, cols);
}

// What the block at (i, j) of the pass from term k0 on fetches meanwhile: where the next block of C
// goes and, where the terms lie across memory, its part of B's next 32 columns and its share of A's
// next terms. (Those that lie along memory the CPU fetches by itself.)
static int find_next(struct fetch *next, const int *args, const float *a, const float *b,
                     const float *c, int m, int n, int i, int j, int k0) {
  const ptrdiff_t lda = args[G_LDA], ldb = args[G_LDB], ldc = args[G_LDC];
  int count = 0;
  if (!k0 && i + 64 <= m) next[count++] = (struct fetch){c + (i + 32) * ldc + j, ldc, 32, 2};
  else if (!k0 && j + 64 <= n && m >= 32) next[count++] = (struct fetch){c + j + 32, ldc, 32, 2};
  if (!args[G_MODE] || args[G_TURN_B]) return count;
  const int more = MIN(PASS, args[G_K] - k0 - PASS);  // terms of the next pass
  const int same = j + 32 < n, terms = same ? MIN(PASS, args[G_K] - k0) : more;
  const float *columns = same ? b + k0 * ldb + j + 32 : b + (k0 + PASS) * ldb;
  if (i < terms) next[count++] = (struct fetch){columns + i * ldb, ldb, MIN(32, terms - i), 2};
  if (more <= 0) return count;
  const int blocks = (m + 31) / 32 * ((n + 31) / 32), block = j / 32 * ((m + 31) / 32) + i / 32;
  const int first = more * block / blocks, last = more * (block + 1) / blocks;
  next[count++] = (struct fetch){a + (k0 + PASS + first) * lda, lda, last - first, m / 16};
  return count;
}

// C[m, n] = op(A) B for up to TILE_ROWS rows; false when a number cannot be split, and C is then to be
// made another way.
static int tile_product(const int *args, const float *a, const float *b, float *c, int m, int n) {
  ALIGNED float block[32 * 32];
  uint16_t *as = tile_scratch[0], *bs = tile_scratch[1];
  const int turn_a = args[G_MODE], turn_b = args[G_TURN_B], k = args[G_K];
  const ptrdiff_t lda = args[G_LDA], ldb = args[G_LDB], ldc = args[G_LDC];
  struct fetch next[3];
  unsigned bad = 0;
  _tile_loadconfig(&TILE_SHAPES);
  for (int k0 = 0; k0 < k && !bad; k0 += PASS) {
    const int terms = MIN(PASS, k - k0);
    const ptrdiff_t steps = (terms + TERMS - 1) / TERMS, ld = steps * TRIPLE;
    bad = turn_a ? left_of_columns(as, a + k0 * lda, lda, m, terms)
                 : left_of_rows(as, a + k0, lda, m, terms);
    for (int j = 0; j < n && !bad; j += 32) {
      const int cols = MIN(32, n - j);
      bad = turn_b ? right_of_rows(bs, b + j * ldb + k0, ldb, cols, terms)
                   : right_of_columns(bs, b + k0 * ldb + j, ldb, cols, terms);
      for (int i = 0; i < m; i += 32) {
        const int rows = MIN(32, m - i), fetches = find_next(next, args, a, b, c, m, n, i, j, k0);
        float *to = c + i * ldc + j;
        if (rows == 32 && cols == 32) {
          tile_block(as + i / 16 * ld, ld, bs, ld, steps, !k0, to, ldc, next, fetches);
        } else {
          if (k0) copy_block(block, 32, to, ldc, rows, cols);
          tile_block(as + i / 16 * ld, ld, bs, ld, steps, !k0, block, 32, next, fetches);
          copy_block(to, ldc, block, 32, rows, cols);
        }
      }
    }
  }
  _tile_release();
  return !bad;
}
#else
#define TILES 0
#endif

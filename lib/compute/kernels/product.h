// The matrix product.

// VL floats a vector; the inner product makes MR rows by NV vectors of C in registers; KC terms of
// the sum at a time, so that a strip of B [KC, NV * VL] stays in the L1 cache.
#if defined(__AVX512F__)
#define VL 16
#ifndef MR
#define MR 8
#endif
#ifndef KC
#define KC 192
#endif
#elif defined(__AVX__)
#define VL 8
#define MR 4
#define KC 256
#elif defined(__aarch64__)
#define VL 4
#define MR 8
#define KC 256
#else
#define VL 4
#ifndef MR
#define MR 4
#define NV 2
#endif
#define KC 256
#endif
#ifndef UNROLL
#define UNROLL "GCC unroll 1"
#endif
#ifndef NV
#define NV 3
#endif
#define NR (NV * VL)
#define STRIDE (KC + 16)  // of every scratch matrix: an odd number of cache lines
#define ROWS (128 / MR * MR)  // of A in scratch

typedef float vec __attribute__((vector_size(4 * VL), aligned(4), may_alias));

#ifdef __wasm_relaxed_simd__
typedef float v4 __attribute__((vector_size(16)));
#define MULTIPLY_ADD(x, y, z) ((vec)__builtin_wasm_relaxed_madd_f32x4((v4)(x), (v4)(y), (v4)(z)))
#else
#define MULTIPLY_ADD(x, y, z) ((x) * (y) + (z))
#endif

// C[rows, cols] (+)= A[MR, k] B[k, nv * VL]; A's element (i, l) is at a[i * rs + l * cs].
INLINE void micro(const float *restrict a, const int rs, const int cs, const float *restrict b,
                  ptrdiff_t ldb, float *restrict c, ptrdiff_t ldc, int k, int rows, int cols,
                  const int nv, int first) {
  vec s[MR][NV];
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 3
    for (int j = 0; j < nv; j++) s[i][j] = (vec){0};
  _Pragma(UNROLL)
  for (int l = 0; l < k; l++) {
    vec w[NV];
#pragma GCC unroll 3
    for (int j = 0; j < nv; j++) w[j] = *(const vec *)(b + j * VL);
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      vec x = a[i * rs] - (vec){0};
#pragma GCC unroll 3
      for (int j = 0; j < nv; j++) s[i][j] = MULTIPLY_ADD(x, w[j], s[i][j]);
    }
    a += cs;
    b += ldb;
  }
  if (rows == MR && cols == nv * VL) {
    if (first) {
#pragma GCC unroll 16
      for (int i = 0; i < MR; i++)
#pragma GCC unroll 3
        for (int j = 0; j < nv; j++) *(vec *)(c + i * ldc + j * VL) = s[i][j];
    } else {
#pragma GCC unroll 16
      for (int i = 0; i < MR; i++)
#pragma GCC unroll 3
        for (int j = 0; j < nv; j++) *(vec *)(c + i * ldc + j * VL) += s[i][j];
    }
  } else {
    float t[MR * NR];
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 3
      for (int j = 0; j < nv; j++) *(vec *)(t + i * NR + j * VL) = s[i][j];
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < cols; j++)
        c[i * ldc + j] = first ? t[i * NR + j] : c[i * ldc + j] + t[i * NR + j];
  }
}

#define MICRO(name, rs, cs, nv)                                                                  \
  static __attribute__((noinline)) void name(const float *a, const float *b, ptrdiff_t ldb,      \
                                             float *c, ptrdiff_t ldc, int k, int rows, int cols, \
                                             int first) {                                        \
    micro(a, rs, cs, b, ldb, c, ldc, k, rows, cols, nv, first);                                  \
  }
MICRO(micro_rows_1, STRIDE, 1, 1)
MICRO(micro_rows_2, STRIDE, 1, 2)
MICRO(micro_cols_1, 1, STRIDE, 1)
MICRO(micro_cols_2, 1, STRIDE, 2)
#if NV == 3
MICRO(micro_rows_3, STRIDE, 1, 3)
MICRO(micro_cols_3, 1, STRIDE, 3)
#else
#define micro_rows_3 micro_rows_2  // never called
#define micro_cols_3 micro_cols_2
#endif

// How many vectors the next strip takes when `left` columns remain: 3, but 2 + 2 instead of 3 + 1.
INLINE int strip_of(int left) {
  int vectors = (left + VL - 1) / VL;
  return NV == 3 && vectors >= 3 && vectors != 4 ? 3 : vectors >= 2 ? 2 : 1;
}

// One strip of C: [m, cols] (+)= A B with A in scratch by rows (a[i * STRIDE + l]) or, when
// `turned`, by columns (a[i + l * STRIDE]); scratch is readable up to a multiple of MR rows.
static void strip(int turned, const float *a, const float *b, ptrdiff_t ldb, float *c,
                  ptrdiff_t ldc, int m, int cols, int k, int first, int vectors) {
  for (int i = 0; i < m; i += MR) {
    const float *p = turned ? a + i : a + (ptrdiff_t)i * STRIDE;
    float *q = c + i * ldc;
    int rows = MIN(MR, m - i);
    if (turned) {
      if (vectors == 3) micro_cols_3(p, b, ldb, q, ldc, k, rows, cols, first);
      else if (vectors == 2) micro_cols_2(p, b, ldb, q, ldc, k, rows, cols, first);
      else micro_cols_1(p, b, ldb, q, ldc, k, rows, cols, first);
    } else {
      if (vectors == 3) micro_rows_3(p, b, ldb, q, ldc, k, rows, cols, first);
      else if (vectors == 2) micro_rows_2(p, b, ldb, q, ldc, k, rows, cols, first);
      else micro_rows_1(p, b, ldb, q, ldc, k, rows, cols, first);
    }
  }
}

// C[m, n] (+)= A B with B read where it lies.
static void multiply(int turned, const float *a, const float *b, ptrdiff_t ldb, float *c,
                     ptrdiff_t ldc, int m, int n, int k, int first) {
  for (int j = 0; j < n;) {
    int vectors = strip_of(n - j), cols = MIN(vectors * VL, n - j);
    strip(turned, a, b + j, ldb, c + j, ldc, m, cols, k, first, vectors);
    j += cols;
  }
}

// C[m, n] (+)= A B, A's rows (or, turned, columns) at any stride.
INLINE void micro_at(int turned, int stride, const float *a, const float *b, ptrdiff_t ldb,
                     float *c, ptrdiff_t ldc, int k, int rows, int cols, const int nv, int first) {
  if (turned) micro(a, 1, stride, b, ldb, c, ldc, k, rows, cols, nv, first);
  else micro(a, stride, 1, b, ldb, c, ldc, k, rows, cols, nv, first);
}
INLINE void strip_at(const int turned, int stride, const float *a, const float *b, ptrdiff_t ldb,
                     float *c, ptrdiff_t ldc, int m, int cols, int k, int first, int vectors) {
  for (int i = 0; i < m; i += MR) {
    const float *p = turned ? a + i : a + (ptrdiff_t)i * stride;
    float *q = c + i * ldc;
    const int rows = MIN(MR, m - i);
    if (vectors == 1) micro_at(turned, stride, p, b, ldb, q, ldc, k, rows, cols, 1, first);
    else if (vectors == 2 || NV == 2)
      micro_at(turned, stride, p, b, ldb, q, ldc, k, rows, cols, 2, first);
    else micro_at(turned, stride, p, b, ldb, q, ldc, k, rows, cols, NV, first);
  }
}
static void multiply_at(const int turned, int stride, const float *a, const float *b, ptrdiff_t ldb,
                        float *c, ptrdiff_t ldc, int m, int n, int k, int first) {
  for (int j = 0; j < n;) {
    const int vectors = strip_of(n - j), cols = MIN(vectors * VL, n - j);
    strip_at(turned, stride, a, b + j, ldb, c + j, ldc, m, cols, k, first, vectors);
    j += cols;
  }
}

// Where a row of the image-to-column matrix of a 3x3 convolution on 8x8 boards comes from: row
// = board * 64 + square, columns tap * C + channel; off the board it is zeros.
static void board_row(float *restrict to, const float *restrict x, int row, int C, int from,
                      int until) {
  int y = (row >> 3) & 7, z = row & 7;
  for (int j = from; j < until;) {
    int tap = j / C, channel = j - tap * C, n = MIN(C - channel, until - j);
    int v = y + tap / 3 - 1, w = z + tap % 3 - 1;
    if (v < 0 || v > 7 || w < 0 || w > 7) zero(to, n);
    else copy(to, x + ((ptrdiff_t)(row & ~63) + v * 8 + w) * C + channel, n);
    to += n;
    j += n;
  }
}

// C[batch, M, N] = op(A) B, op by `mode`: 0 A[M, K]; 1 A[K, M] turned; 2 the boards' 3x3
// neighbourhoods A[M squares, 9 * channels]; 3 those turned, A[K squares, 9 * channels].
// With `turn_b`, B is [N, K] (slow but for tiles). Then, while C is in the cache, it gets a bias [N],
// an addend [batch, M, N] and is cut at zero (`relu`). `tiles` asks for AMX, which is a matter of M, N
// and K alone, not of how the work is cut: results do not depend on that.
enum { G_A, G_B, G_C, G_M, G_N, G_K, G_LDA, G_LDB, G_LDC, G_MODE, G_MB, G_NB, G_MBLOCKS, G_NBLOCKS,
       G_SA, G_SB, G_SC, G_BIAS, G_RELU, G_CHANNELS, G_TURN_B, G_TILES, G_ADD };

// What is left to do for the rows and columns of C at c, the first of which is `column`.
static void finish(const int *a, float *c, int column, int rows, int cols) {
  if (!a[G_BIAS] && !a[G_ADD] && !a[G_RELU]) return;
  const ptrdiff_t at = c - F(G_C);
  for (int i = 0; i < rows; i++) {
    float *restrict row = c + (ptrdiff_t)i * a[G_LDC];
    const float *restrict bias = F(G_BIAS) + column;
    const float *restrict add = F(G_ADD) + at + (ptrdiff_t)i * a[G_LDC];
    if (a[G_BIAS]) for (int j = 0; j < cols; j++) row[j] += bias[j];
    if (a[G_ADD]) for (int j = 0; j < cols; j++) row[j] += add[j];
    if (a[G_RELU]) for (int j = 0; j < cols; j++) row[j] = row[j] < 0.0f ? 0.0f : row[j];
  }
}

#include "tiles.h"

// Rows m0 … m0 + m and columns n0 … n0 + n of one of the batch; m is at most ROWS.
static __attribute__((noinline)) void vector_product(const int *a, const float *x, const float *y,
                                                     float *c, int m0, int m, int n0, int n) {
  float as[MAX(ROWS, KC) * STRIDE], bs[KC * NR];
  const int K = a[G_K], lda = a[G_LDA], ldb = a[G_LDB], ldc = a[G_LDC];
  const int mode = a[G_MODE], turned = mode & 1, padded = (m + MR - 1) / MR * MR;
  const int passes = (K + KC - 1) / KC, step = passes ? (K + passes - 1) / passes : 0;
  if (K == 0)
    for (int i = 0; i < m; i++) zero(c + (ptrdiff_t)i * ldc, n);
  for (int k0 = 0; k0 < K; k0 += step) {
    const int k = MIN(step, K - k0), first = k0 == 0;
    // Whole tiles of rows are read where they lie, unless they would all meet in one cache set.
    const int direct = mode == 0 && m == padded && lda % 512;
    const float *rows = x + (ptrdiff_t)m0 * lda + k0;
    if (direct) {
    } else if (turned) {
      for (int l = 0; l < k; l++) {
        float *to = as + l * STRIDE;
        if (mode == 3) board_row(to, x, k0 + l, a[G_CHANNELS], m0, m0 + m);
        else copy(to, x + (ptrdiff_t)(k0 + l) * lda + m0, m);
        for (int i = m; i < padded; i++) to[i] = 0.0f;
      }
    } else {
      for (int i = 0; i < m; i++) {
        float *to = as + i * STRIDE;
        if (mode == 2) board_row(to, x, m0 + i, a[G_CHANNELS], k0, k0 + k);
        else copy(to, x + (ptrdiff_t)(m0 + i) * lda + k0, k);
      }
      for (int i = m; i < padded; i++) zero(as + i * STRIDE, k);
    }
    const int turn_b = a[G_TURN_B], copied = m > 2 * MR || turn_b;
    const float *w = turn_b ? y + (ptrdiff_t)n0 * ldb + k0 : y + (ptrdiff_t)k0 * ldb + n0;
    for (int j = 0; j < n;) {
      int vectors = strip_of(n - j), width = vectors * VL, cols = MIN(width, n - j);
      const float *strip_b = copied ? bs : w + j;
      const ptrdiff_t strip_ld = copied ? width : ldb;
      if (turn_b) {
        for (int l = 0; l < k; l++)
          for (int v = 0; v < width; v++)
            bs[l * width + v] = v < cols ? w[(ptrdiff_t)(j + v) * ldb + l] : 0.0f;
      } else if (copied) {
        for (int l = 0; l < k; l++) {
          const float *from = w + (ptrdiff_t)l * ldb + j;
          float *to = bs + l * width;
          for (int v = 0; v < vectors; v++) *(vec *)(to + v * VL) = *(const vec *)(from + v * VL);
        }
      }
      if (direct)
        strip_at(0, lda, rows, strip_b, strip_ld, c + j, ldc, m, cols, k, first, vectors);
      else strip(turned, as, strip_b, strip_ld, c + j, ldc, m, cols, k, first, vectors);
      j += cols;
    }
  }
}

static void gemm(const int *a, int chunk) {
  const int M = a[G_M], N = a[G_N], ldc = a[G_LDC];
  const int blocks = a[G_MBLOCKS] * a[G_NBLOCKS], batch = chunk / blocks, block = chunk % blocks;
  const int m0 = block / a[G_NBLOCKS] * a[G_MB], n0 = block % a[G_NBLOCKS] * a[G_NB];
  const int m = MIN(a[G_MB], M - m0), n = MIN(a[G_NB], N - n0);
  const float *x = F(G_A) + (ptrdiff_t)batch * a[G_SA], *y = F(G_B) + (ptrdiff_t)batch * a[G_SB];
  float *c = F(G_C) + (ptrdiff_t)batch * a[G_SC] + (ptrdiff_t)m0 * ldc + n0;
  int done = 0;
#if TILES
  if (a[G_TILES] && tiles_allowed && m <= TILE_ROWS)
    done = tile_product(a, x + (a[G_MODE] ? m0 : (ptrdiff_t)m0 * a[G_LDA]),
                        y + (a[G_TURN_B] ? (ptrdiff_t)n0 * a[G_LDB] : n0), c, m, n);
#endif
  for (int i = 0; i < m && !done; i += ROWS)
    vector_product(a, x, y, c + (ptrdiff_t)i * ldc, m0 + i, MIN(ROWS, m - i), n0, n);
  finish(a, c, n0, m, n);
}

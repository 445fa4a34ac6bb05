// The kernels of the shared-memory backend: one source for WebAssembly and for the user's own CPU.
//
// Every kernel is `void name(const int *a, int chunk)`: `a` are 32-bit arguments in the shared
// memory (byte offsets of tensors, sizes, float bits), `chunk` says which part of the output to
// make. Chunks write disjoint outputs and sum in an order that depends on the sizes alone, so a
// result is the same to the bit for any number of threads. TypeScript has checked every size and
// offset; tensors are followed by at least 64 readable bytes.
//
// Plain loops are left to the compiler's vectoriser; only the matrix product is written in vectors.

#define _GNU_SOURCE  // for dladdr
#include <stddef.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#ifdef __wasm__
#define EXPORT __attribute__((visibility("default")))
#define AT(offset) ((char *)(uintptr_t)(uint32_t)(offset))
#else
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#define EXPORT __attribute__((visibility("default")))
static _Thread_local char *memory;  // of the pool that this thread works for
#define AT(offset) (memory + (uint32_t)(offset))
#endif

#define F(i) ((float *)AT(a[i]))
#define I(i) ((int *)AT(a[i]))
#define B(i) ((uint8_t *)AT(a[i]))

// ---------------------------------------------------------------- numbers

INLINE float bits_float(int i) {
  union { int i; float f; } u = {.i = i};
  return u.f;
}
INLINE int float_bits(float f) {
  union { float f; int i; } u = {.f = f};
  return u.i;
}
#define R(i) bits_float(a[i])

#define INFINITE bits_float(0x7f800000)
#define NOT_A_NUMBER bits_float(0x7fc00000)

// exp(x) = 2^n e^r, |r| <= ln2/2; the polynomial of Cephes' expf, error under 1 ulp or so. Below
// -87.3 it is 0: numbers under 1.2e-38 would cost a hundred cycles each.
INLINE float exp_(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -87.3f ? -87.3f : c;
  c = x == x ? c : 0.0f;
  float t = c * 1.44269504088896341f + 12582912.0f;  // round to nearest by the 1.5 * 2^23 trick
  int n = float_bits(t) - 0x4b400000;
  t -= 12582912.0f;
  float r = c - t * 0.693359375f;
  r = r + t * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int half = n >> 1;  // two factors, so that neither overflows when the result does not
  p = p * bits_float((half + 127) << 23) * bits_float((n - half + 127) << 23);
  p = x < -87.3f ? 0.0f : p;
  return x == x ? p : x;
}

// The same for x <= 0, as softmax has it: one factor of two is enough.
INLINE float exp_below(float x) {
  float c = x < -87.3f ? -87.3f : x;  // NaN stays NaN
  float t = c * 1.44269504088896341f + 12582912.0f;
  int n = float_bits(t) - 0x4b400000;
  t -= 12582912.0f;
  float r = c - t * 0.693359375f;
  r = r + t * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  p = p * bits_float((int)((unsigned)(n + 127) << 23));
  return x < -87.3f ? 0.0f : p;
}

// log(x), Cephes' logf.
INLINE float log_(float x) {
  float y = x < 1.17549435e-38f ? x * 8388608.0f : x;
  int shift = x < 1.17549435e-38f ? 23 : 0;
  int bits = float_bits(y);
  int e = (bits >> 23) - 126;
  float m = bits_float((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  int low = m < 0.707106781186547524f;
  e -= low;
  m = low ? m + m - 1.0f : m - 1.0f;
  float z = m * m, f = (float)(e - shift);
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  p = p * m * z + f * -2.12194440e-4f - 0.5f * z;
  p = m + p + f * 0.693359375f;
  p = x == 0.0f ? -INFINITE : p;
  p = x == INFINITE ? x : p;
  return x >= 0.0f ? p : NOT_A_NUMBER;
}

INLINE float abs_(float x) { return bits_float(float_bits(x) & 0x7fffffff); }

INLINE float tanh_(float x) {
  float m = abs_(x), z = x * x;
  float big = 1.0f - 2.0f / (exp_(2.0f * m) + 1.0f);
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  p = p * z * x + x;
  float y = m < 0.625f ? p : (x < 0.0f ? -big : big);
  return x == x ? y : x;
}

// erf by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7 (as tfjs's own).
INLINE float erf_(float x) {
  float t = 1.0f / (1.0f + 0.3275911f * abs_(x));
  float y = 1.061405429f;
  y = y * t - 1.453152027f;
  y = y * t + 1.421413741f;
  y = y * t - 0.284496736f;
  y = y * t + 0.254829592f;
  y = 1.0f - y * t * exp_(-x * x);
  return x < 0.0f ? -y : y;
}

INLINE float sigmoid_(float x) { return 1.0f / (1.0f + exp_(-x)); }
// GPT-2's form, x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), and its slope.
#define GELU_SCALE 1.59576912160573072f
INLINE float gelu_(float x) { return x * sigmoid_(GELU_SCALE * (x + 0.044715f * x * x * x)); }
INLINE float gelu_slope(float x) {
  float gate = sigmoid_(GELU_SCALE * (x + 0.044715f * x * x * x));
  return gate + x * gate * (1.0f - gate) * GELU_SCALE * (1.0f + 0.134145f * x * x);
}
INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }

// ---------------------------------------------------------------- sums in a fixed order

#define LANES 16
#define FOLD(op)                                                       \
  for (int w = LANES / 2; w > 0; w >>= 1)                              \
    for (int i = 0; i < w; i++) s[i] = op(s[i], s[i + w]);

#define PLUS(x, y) ((x) + (y))
#define TIMES(x, y) ((x) * (y))
#define LARGER(x, y) ((((x) > (y)) | ((x) != (x))) ? (x) : (y))  // NaN if either is
#define SMALLER(x, y) ((((x) < (y)) | ((x) != (x))) ? (x) : (y))

#define REDUCER(name, start, op, term)                                 \
  static float name(const float *restrict x, int n, float of) {        \
    float s[LANES];                                                    \
    (void)of;                                                          \
    for (int i = 0; i < LANES; i++) s[i] = start;                      \
    int j = 0;                                                         \
    for (; j + LANES <= n; j += LANES)                                 \
      for (int i = 0; i < LANES; i++) s[i] = op(s[i], term(x[j + i])); \
    for (int i = 0; j + i < n; i++) s[i] = op(s[i], term(x[j + i]));   \
    FOLD(op)                                                           \
    return s[0];                                                       \
  }
#define SAME(x) (x)
#define SQUARE(x) ((x) * (x))
#define DEVIATION(x) (((x) - of) * ((x) - of))
REDUCER(sum_of, 0.0f, PLUS, SAME)
REDUCER(sum_of_squares, 0.0f, PLUS, SQUARE)
REDUCER(sum_of_deviations, 0.0f, PLUS, DEVIATION)
REDUCER(product_of, 1.0f, TIMES, SAME)
REDUCER(max_of, -INFINITE, LARGER, SAME)
REDUCER(min_of, INFINITE, SMALLER, SAME)

static float dot_of(const float *restrict x, const float *restrict y, int n) {
  float s[LANES];
  for (int i = 0; i < LANES; i++) s[i] = 0.0f;
  int j = 0;
  for (; j + LANES <= n; j += LANES)
    for (int i = 0; i < LANES; i++) s[i] += x[j + i] * y[j + i];
  for (int i = 0; j + i < n; i++) s[i] += x[j + i] * y[j + i];
  FOLD(PLUS)
  return s[0];
}

// y[i] = exp(x[i] - m), m the largest x; returns the sum. y may be x, hence the copy that shows the compiler that
// 16 can be taken at once.
static float exp_sum(float *y, const float *x, int n, float m) {
  float s[LANES], e[LANES];
  for (int i = 0; i < LANES; i++) s[i] = 0.0f;
  int j = 0;
  for (; j + LANES <= n; j += LANES) {
    for (int i = 0; i < LANES; i++) e[i] = exp_below(x[j + i] - m);
    for (int i = 0; i < LANES; i++) s[i] += e[i];
    for (int i = 0; i < LANES; i++) y[j + i] = e[i];
  }
  for (int i = 0; j + i < n; i++) {
    float e = exp_below(x[j + i] - m);
    y[j + i] = e;
    s[i] += e;
  }
  FOLD(PLUS)
  return s[0];
}

static void copy(float *restrict to, const float *restrict from, int n) {
  for (int i = 0; i < n; i++) to[i] = from[i];
}
static void zero(float *to, int n) {
  for (int i = 0; i < n; i++) to[i] = 0.0f;
}

// ---------------------------------------------------------------- the matrix product

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

// C[batch, M, N] (+)= op(A) B, op by `mode`: 0 A[M, K]; 1 A[K, M] turned; 2 the boards' 3x3
// neighbourhoods A[M squares, 9 * channels]; 3 those turned, A[K squares, 9 * channels].
// Then, in the last pass over K, bias and activation (1 relu).
enum { G_A, G_B, G_C, G_M, G_N, G_K, G_LDA, G_LDB, G_LDC, G_MODE, G_MB, G_NB, G_MBLOCKS, G_NBLOCKS,
       G_SA, G_SB, G_SC, G_ADD, G_BIAS, G_ACT, G_CHANNELS };
static void gemm(const int *a, int chunk) {
  float as[MAX(ROWS, KC) * STRIDE], bs[KC * NR];
  const int M = a[G_M], N = a[G_N], K = a[G_K], lda = a[G_LDA], ldb = a[G_LDB], ldc = a[G_LDC];
  const int mode = a[G_MODE], turned = mode & 1, blocks = a[G_MBLOCKS] * a[G_NBLOCKS];
  const int batch = chunk / blocks, block = chunk % blocks;
  const int m0 = block / a[G_NBLOCKS] * a[G_MB], n0 = block % a[G_NBLOCKS] * a[G_NB];
  const int m = MIN(a[G_MB], M - m0), n = MIN(a[G_NB], N - n0), padded = (m + MR - 1) / MR * MR;
  const float *x = F(G_A) + (ptrdiff_t)batch * a[G_SA], *y = F(G_B) + (ptrdiff_t)batch * a[G_SB];
  float *c = F(G_C) + (ptrdiff_t)batch * a[G_SC] + (ptrdiff_t)m0 * ldc + n0;
  const int passes = (K + KC - 1) / KC, step = passes ? (K + passes - 1) / passes : 0;
  if (K == 0 && !a[G_ADD])
    for (int i = 0; i < m; i++) zero(c + (ptrdiff_t)i * ldc, n);
  for (int k0 = 0; k0 < K; k0 += step) {
    const int k = MIN(step, K - k0), first = k0 == 0 && !a[G_ADD];
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
    const float *w = y + (ptrdiff_t)k0 * ldb + n0;
    for (int j = 0; j < n;) {
      int vectors = strip_of(n - j), width = vectors * VL, cols = MIN(width, n - j);
      const float *strip_b = m <= 2 * MR ? w + j : bs;
      const ptrdiff_t strip_ld = m <= 2 * MR ? ldb : width;
      if (m > 2 * MR) {
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
  const float *bias = a[G_BIAS] ? F(G_BIAS) + n0 : 0;
  if (bias || a[G_ACT])
    for (int i = 0; i < m; i++) {
      float *restrict row = c + (ptrdiff_t)i * ldc;
      if (bias) for (int j = 0; j < n; j++) row[j] += bias[j];
      if (a[G_ACT] == 1) for (int j = 0; j < n; j++) row[j] = row[j] < 0.0f ? 0.0f : row[j];
    }
}

// ---------------------------------------------------------------- moving numbers

// A chunk of a flat range: a[0] elements, a[1] a chunk.
#define RANGE(begin, end) \
  const int begin = chunk * a[1], end = MIN(a[0], chunk * a[1] + a[1])

static void fill(const int *a, int chunk) {  // n grain y value
  RANGE(begin, end);
  float *y = F(2), v = R(3);
  for (int i = begin; i < end; i++) y[i] = v;
}

// y[b, j, i] = x[b, i, j]; b has strides, so that any permutation of axes is a few of these.
enum { T_TILES, T_BLOCKS, T_X, T_Y, T_ROWS, T_COLS, T_LDX, T_LDY, T_RANK, T_DIMS,
       T_XS = T_DIMS + 4, T_YS = T_XS + 4 };
static void transpose(const int *a, int chunk) {
  const int rows = a[T_ROWS], cols = a[T_COLS], ldx = a[T_LDX], ldy = a[T_LDY];
  const int strips = a[T_BLOCKS];  // of 64 rows
  int outer = chunk / strips, i0 = chunk % strips * 64, i1 = MIN(rows, i0 + 64);
  const float *x = F(T_X);
  float *y = F(T_Y);
  for (int d = a[T_RANK] - 1; d >= 0; d--) {
    int at = outer % a[T_DIMS + d];
    outer /= a[T_DIMS + d];
    x += (ptrdiff_t)at * a[T_XS + d];
    y += (ptrdiff_t)at * a[T_YS + d];
  }
  for (int j0 = 0; j0 < cols; j0 += 16) {
    const int j1 = MIN(cols, j0 + 16);
    for (int i2 = i0; i2 < i1; i2 += 16) {
      const int i3 = MIN(i1, i2 + 16);
      if (j1 - j0 == 16 && i3 - i2 == 16) {
        for (int j = 0; j < 16; j++)
          for (int i = 0; i < 16; i++)
            y[(ptrdiff_t)(j0 + j) * ldy + i2 + i] = x[(ptrdiff_t)(i2 + i) * ldx + j0 + j];
      } else {
        for (int j = j0; j < j1; j++)
          for (int i = i2; i < i3; i++)
            y[(ptrdiff_t)j * ldy + i] = x[(ptrdiff_t)i * ldx + j];
      }
    }
  }
}

// y[...] = x[...] row by row: a[0] rows, a[1] rows a chunk; rows are `length` numbers long and lie
// at strides in both; length 1 with an x stride of its own serves the rest.
enum { C_X = 2, C_Y, C_LENGTH, C_STEP, C_RANK, C_DIMS, C_XS = C_DIMS + 5, C_YS = C_XS + 5 };
static void copy_rows(const int *a, int chunk) {
  RANGE(begin, end);
  const int length = a[C_LENGTH], step = a[C_STEP], rank = a[C_RANK];
  for (int row = begin; row < end; row++) {
    const float *x = F(C_X);
    float *restrict y = F(C_Y);
    int rest = row;
    for (int d = rank - 1; d >= 0; d--) {
      int at = rest % a[C_DIMS + d];
      rest /= a[C_DIMS + d];
      x += (ptrdiff_t)at * a[C_XS + d];
      y += (ptrdiff_t)at * a[C_YS + d];
    }
    if (step == 1) for (int i = 0; i < length; i++) y[i] = x[i];
    else for (int i = 0; i < length; i++) y[i] = x[(ptrdiff_t)i * step];
  }
}

// y[o, i, :] = x[o, index[i], :]; rows n, grain, x, index, y, indices, table rows, length.
static void gather(const int *a, int chunk) {
  RANGE(begin, end);
  const int *index = I(3), count = a[5], table = a[6], length = a[7];
  for (int row = begin; row < end; row++) {
    int o = row / count, at = index[row % count];
    float *restrict y = F(4) + (ptrdiff_t)row * length;
    if (at < 0 || at >= table) zero(y, length);
    else copy(y, F(2) + ((ptrdiff_t)o * table + at) * length, length);
  }
}

// y[index[i], :] += x[i, :], each chunk the rows of one range of the table, in the order of i.
static void scatter_add(const int *a, int chunk) {  // table rows, grain, x, index, y, n, length
  RANGE(begin, end);
  const int *index = I(3), n = a[5], length = a[6];
  float *y = F(4);
  zero(y + (ptrdiff_t)begin * length, (end - begin) * length);
  for (int i = 0; i < n; i++) {
    int at = index[i];
    if (at < begin || at >= end) continue;
    const float *restrict from = F(2) + (ptrdiff_t)i * length;
    float *restrict to = y + (ptrdiff_t)at * length;
    for (int j = 0; j < length; j++) to[j] += from[j];
  }
}

static void one_hot(const int *a, int chunk) {  // rows, grain, index, y, depth, on, off
  RANGE(begin, end);
  const int *index = I(2), depth = a[4];
  for (int i = begin; i < end; i++) {
    float *y = F(3) + (ptrdiff_t)i * depth;
    for (int j = 0; j < depth; j++) y[j] = R(6);
    if (index[i] >= 0 && index[i] < depth) y[index[i]] = R(5);
  }
}

enum { CAST_INT_FLOAT, CAST_BOOL_FLOAT, CAST_FLOAT_INT, CAST_BOOL_INT, CAST_FLOAT_BOOL,
       CAST_INT_BOOL };
static void cast(const int *a, int chunk) {  // n grain x y how
  RANGE(begin, end);
  switch (a[4]) {
    case CAST_INT_FLOAT: for (int i = begin; i < end; i++) F(3)[i] = (float)I(2)[i]; break;
    case CAST_BOOL_FLOAT: for (int i = begin; i < end; i++) F(3)[i] = (float)B(2)[i]; break;
    case CAST_FLOAT_INT:
      for (int i = begin; i < end; i++) {
        float x = F(2)[i];
        I(3)[i] = x > -2147483648.0f && x < 2147483648.0f ? (int)x : 0;
      }
      break;
    case CAST_BOOL_INT: for (int i = begin; i < end; i++) I(3)[i] = B(2)[i]; break;
    case CAST_FLOAT_BOOL: for (int i = begin; i < end; i++) B(3)[i] = F(2)[i] != 0.0f; break;
    case CAST_INT_BOOL: for (int i = begin; i < end; i++) B(3)[i] = I(2)[i] != 0; break;
  }
}

static void where(const int *a, int chunk) {  // n grain condition x y out
  RANGE(begin, end);
  const uint8_t *restrict c = B(2);
  const float *restrict x = F(3), *restrict y = F(4);
  float *restrict z = F(5);
  for (int i = begin; i < end; i++) z[i] = c[i] ? x[i] : y[i];
}

// ---------------------------------------------------------------- element by element

#define UNARY_CASE(k, expression) \
  case k: for (int i = 0; i < n; i++) { float v = x[i]; y[i] = (expression); } break;
static void unary(const int *a, int chunk) {  // n grain x y which p q
  RANGE(begin, end);
  const float *restrict x = F(2) + begin, p = R(5), q = R(6);
  float *restrict y = F(3) + begin;
  const int n = end - begin;
  switch (a[4]) {
    UNARY_CASE(0, -v)
    UNARY_CASE(1, exp_(v))
    UNARY_CASE(2, log_(v))
    UNARY_CASE(3, sqrt_(v))
    UNARY_CASE(4, 1.0f / sqrt_(v))
    UNARY_CASE(5, v * v)
    UNARY_CASE(6, abs_(v))
    UNARY_CASE(7, v < 0.0f ? 0.0f : v)
    UNARY_CASE(8, sigmoid_(v))
    UNARY_CASE(9, tanh_(v))
    UNARY_CASE(10, 1.0f / v)
    UNARY_CASE(11, erf_(v))
    UNARY_CASE(12, gelu_(v))
    UNARY_CASE(13, v < 0.0f ? -1.0f : v > 0.0f ? 1.0f : v)
    UNARY_CASE(14, v < p ? p : v > q ? q : v)
    UNARY_CASE(15, v > 0.0f ? 1.0f : v != v ? v : p)
    UNARY_CASE(16, v * p + q)
    UNARY_CASE(17, __builtin_floorf(v))
    UNARY_CASE(18, __builtin_ceilf(v))
  }
}

#define PAIR_LOOP(type, expression)                                                      \
  {                                                                                      \
    type *restrict z = (type *)out;                                                      \
    if (sx && sy)                                                                        \
      for (int i = 0; i < n; i++) { float u = x[i], v = y[i]; z[i] = (expression); }     \
    else if (sx) { float v = *y; for (int i = 0; i < n; i++) { float u = x[i]; z[i] = (expression); } } \
    else if (sy) { float u = *x; for (int i = 0; i < n; i++) { float v = y[i]; z[i] = (expression); } } \
    else { float u = *x, v = *y; for (int i = 0; i < n; i++) z[i] = (expression); }      \
  }                                                                                      \
  break;
static void pair(int which, void *restrict out, const float *restrict x, const float *restrict y,
                 int n, int sx, int sy) {
  switch (which) {
    case 0: PAIR_LOOP(float, u + v)
    case 1: PAIR_LOOP(float, u - v)
    case 2: PAIR_LOOP(float, u * v)
    case 3: PAIR_LOOP(float, u / v)
    case 4: PAIR_LOOP(float, LARGER(u, v))
    case 5: PAIR_LOOP(float, SMALLER(u, v))
    case 6: PAIR_LOOP(float, (u - v) * (u - v))
    case 7: PAIR_LOOP(float, u > 0.0f ? v : 0.0f)  // relu's gradient
    case 8: PAIR_LOOP(float, v * gelu_slope(u))
    case 9: PAIR_LOOP(uint8_t, u > v)
    case 10: PAIR_LOOP(uint8_t, u >= v)
    case 11: PAIR_LOOP(uint8_t, u < v)
    case 12: PAIR_LOOP(uint8_t, u <= v)
    case 13: PAIR_LOOP(uint8_t, u == v)
    case 14: PAIR_LOOP(uint8_t, u != v)
  }
}

// z = x op y with broadcasting: rows of `inner` numbers, along which x and y advance by sx and sy
// (0 or 1), at strides of up to 5 outer axes.
enum { P_X = 2, P_Y, P_Z, P_WHICH, P_INNER, P_SX, P_SY, P_SIZE, P_RANK, P_DIMS,
       P_XS = P_DIMS + 5, P_YS = P_XS + 5 };
static void binary(const int *a, int chunk) {
  RANGE(begin, end);
  const int inner = a[P_INNER], rank = a[P_RANK], sx = a[P_SX], sy = a[P_SY];
  for (int at = begin; at < end;) {
    int row = at / inner, column = at - row * inner, n = MIN(inner - column, end - at);
    const float *x = F(P_X) + (ptrdiff_t)column * sx, *y = F(P_Y) + (ptrdiff_t)column * sy;
    for (int d = rank - 1; d >= 0; d--) {
      int i = row % a[P_DIMS + d];
      row /= a[P_DIMS + d];
      x += (ptrdiff_t)i * a[P_XS + d];
      y += (ptrdiff_t)i * a[P_YS + d];
    }
    pair(a[P_WHICH], AT(a[P_Z]) + (ptrdiff_t)at * a[P_SIZE], x, y, n, sx, sy);
    at += n;
  }
}

// ---------------------------------------------------------------- reductions

static void reduce_rows(const int *a, int chunk) {  // rows grain x y length which scale
  RANGE(begin, end);
  const int n = a[4];
  for (int i = begin; i < end; i++) {
    const float *x = F(2) + (ptrdiff_t)i * n;
    float y = 0.0f;
    switch (a[5]) {
      case 0: y = sum_of(x, n, 0.0f); break;
      case 1: y = max_of(x, n, 0.0f); break;
      case 2: y = min_of(x, n, 0.0f); break;
      case 3: y = product_of(x, n, 0.0f); break;
      case 4: y = sum_of_squares(x, n, 0.0f); break;
    }
    F(3)[i] = y * R(6);
  }
}

// The same over one long row: chunk i reduces its grain of it to y[i].
static void reduce_part(const int *a, int chunk) {  // n grain x y - which
  RANGE(begin, end);
  const float *x = F(2) + begin;
  const int n = end - begin;
  float y = 0.0f;
  switch (a[5]) {
    case 0: y = sum_of(x, n, 0.0f); break;
    case 1: y = max_of(x, n, 0.0f); break;
    case 2: y = min_of(x, n, 0.0f); break;
    case 3: y = product_of(x, n, 0.0f); break;
    case 4: y = sum_of_squares(x, n, 0.0f); break;
  }
  F(3)[chunk] = y;
}

// y[o, s, c] = sum of x[o, r, c] over the rows r of section s; columns in blocks of 256.
enum { S_X, S_Y, S_ROWS, S_COLS, S_SECTION, S_SECTIONS, S_BLOCKS, S_SCALE };
static void sum_columns(const int *a, int chunk) {
  const int rows = a[S_ROWS], cols = a[S_COLS], sections = a[S_SECTIONS];
  const int block = chunk % a[S_BLOCKS], rest = chunk / a[S_BLOCKS];
  const int section = rest % sections, outer = rest / sections;
  const int r0 = section * a[S_SECTION], r1 = MIN(rows, r0 + a[S_SECTION]);
  const int c0 = block * 256, n = MIN(256, cols - c0);
  const float *x = F(S_X) + (ptrdiff_t)outer * rows * cols + c0;
  float s[256];
  for (int i = 0; i < 256; i++) s[i] = 0.0f;
  for (int r = r0; r < r1; r++) {
    const float *restrict row = x + (ptrdiff_t)r * cols;
    if (n == 256) for (int i = 0; i < 256; i++) s[i] += row[i];
    else for (int i = 0; i < n; i++) s[i] += row[i];
  }
  float *y = F(S_Y) + ((ptrdiff_t)outer * sections + section) * cols + c0;
  const float scale = R(S_SCALE);
  for (int i = 0; i < n; i++) y[i] = s[i] * scale;
}

static void arg_rows(const int *a, int chunk) {  // rows grain x y length sign
  RANGE(begin, end);
  const int n = a[4];
  const float sign = R(5);
  for (int i = begin; i < end; i++) {
    const float *x = F(2) + (ptrdiff_t)i * n;
    int best = 0;
    float top = x[0] * sign;
    for (int j = 1; j < n; j++)
      if (x[j] * sign > top) top = x[j] * sign, best = j;
    I(3)[i] = best;
  }
}

static void softmax(const int *a, int chunk) {  // rows grain x y length log
  RANGE(begin, end);
  const int n = a[4];
  for (int i = begin; i < end; i++) {
    const float *x = F(2) + (ptrdiff_t)i * n;
    float *y = F(3) + (ptrdiff_t)i * n, m = max_of(x, n, 0.0f);
    float s = exp_sum(y, x, n, m);
    if (a[5]) {
      float z = m + log_(s);
      for (int j = 0; j < n; j++) y[j] = x[j] - z;
    } else {
      float z = 1.0f / s;
      for (int j = 0; j < n; j++) y[j] *= z;
    }
  }
}

// ---------------------------------------------------------------- layer normalisation

// y = (x - mean) / sqrt(variance + epsilon) * gain + bias over the last axis.
static void norm(const int *a, int chunk) {  // rows grain x gain bias y mean rstd C epsilon
  RANGE(begin, end);
  const int C = a[8];
  const float *restrict g = F(3), *restrict b = F(4);
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * C;
    float *restrict y = F(5) + (ptrdiff_t)i * C;
    float mean = sum_of(x, C, 0.0f) / C;
    float r = 1.0f / sqrt_(sum_of_deviations(x, C, mean) / C + R(9));
    for (int j = 0; j < C; j++) y[j] = (x[j] - mean) * r * g[j] + b[j];
    F(6)[i] = mean;
    F(7)[i] = r;
  }
}

// dx, and per chunk of rows the partial sums of dgain and dbias (summed by sum_columns).
static void norm_back(const int *a, int chunk) {  // rows grain x gain dy dx mean rstd C partials
  RANGE(begin, end);
  const int C = a[8];
  const float *restrict g = F(3);
  float *restrict dg = F(9) + (ptrdiff_t)chunk * 2 * C, *restrict db = dg + C;
  for (int j = 0; j < C; j++) dg[j] = db[j] = 0.0f;
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * C, *restrict dy = F(4) + (ptrdiff_t)i * C;
    float *restrict dx = F(5) + (ptrdiff_t)i * C;
    const float mean = F(6)[i], r = F(7)[i];
    float s[LANES], t[LANES];
    for (int l = 0; l < LANES; l++) s[l] = t[l] = 0.0f;
    int j = 0;
    for (; j + LANES <= C; j += LANES)
      for (int l = 0; l < LANES; l++) {
        float h = (x[j + l] - mean) * r, d = dy[j + l], e = d * g[j + l];
        dg[j + l] += d * h;
        db[j + l] += d;
        s[l] += e;
        t[l] += e * h;
      }
    for (int l = 0; j + l < C; l++) {
      float h = (x[j + l] - mean) * r, d = dy[j + l], e = d * g[j + l];
      dg[j + l] += d * h;
      db[j + l] += d;
      s[l] += e;
      t[l] += e * h;
    }
    for (int w = LANES / 2; w > 0; w >>= 1)
      for (int l = 0; l < w; l++) s[l] += s[l + w], t[l] += t[l + w];
    const float p = s[0] / C, q = t[0] / C;
    for (j = 0; j < C; j++) dx[j] = r * (dy[j] * g[j] - p - (x[j] - mean) * r * q);
  }
}

// ---------------------------------------------------------------- attention

// softmax(q k^T scale) v, one head and QB queries a chunk, without the T x T matrix: keys come KB at
// a time and the sums are rescaled as the maximum grows (Dao et al. 2022, arXiv:2205.14135).
// q, k, v, o: [batch, T, heads * D] rows at their own strides; kt, vt: [batch, heads, D, TP],
// transposed and padded to TP. With `causal`, query i sees keys up to i + TK - TQ.
#define QB 32
#define QROWS (QB + MR)  // in scratch
#define KB 128
enum { A_Q, A_KT, A_V, A_O, A_LSE, A_HEADS, A_TQ, A_TK, A_D, A_LDQ, A_LDV, A_LDO, A_TP, A_CAUSAL,
       A_SCALE, A_BLOCKS, A_K, A_VT, A_DO, A_DQ, A_DK, A_DV, A_LDK, A_LDDO, A_LDDQ, A_LDDK, A_LDDV };

INLINE int up(int n, int to) { return (n + to - 1) / to * to; }

static void attend(const int *a, int chunk) {
  float q[QROWS * STRIDE], s[QROWS * STRIDE], o[QROWS * STRIDE], top[QROWS], sum[QROWS];
  const int H = a[A_HEADS], TQ = a[A_TQ], TK = a[A_TK], D = a[A_D], TP = a[A_TP];
  const int head = chunk / a[A_BLOCKS], i0 = chunk % a[A_BLOCKS] * QB, rows = MIN(QB, TQ - i0);
  const int batch = head / H, column = head % H * D, padded = up(rows, MR), ahead = TK - TQ;
  const float *x = F(A_Q) + ((ptrdiff_t)batch * TQ + i0) * a[A_LDQ] + column;
  const float *kt = F(A_KT) + (ptrdiff_t)head * D * TP;
  const float *v = F(A_V) + (ptrdiff_t)batch * TK * a[A_LDV] + column;
  const float scale = R(A_SCALE);
  for (int i = 0; i < padded; i++) {
    const float *restrict from = x + (ptrdiff_t)i * a[A_LDQ];
    float *restrict to = q + i * STRIDE;
    if (i < rows) for (int d = 0; d < D; d++) to[d] = from[d] * scale;
    else zero(to, D);
  }
  for (int i = 0; i < padded; i++) top[i] = -INFINITE, sum[i] = 0.0f;
  const int until = a[A_CAUSAL] ? MIN(TK, i0 + rows + ahead) : TK;
  for (int j0 = 0; j0 < until; j0 += KB) {
    const int n = MIN(KB, until - j0);
    multiply(0, q, kt + j0, TP, s, STRIDE, padded, up(n, VL), D, 1);
    for (int i = 0; i < padded; i++) {
      float *row = s + i * STRIDE;
      int seen = a[A_CAUSAL] ? MIN(n, i0 + i + ahead + 1 - j0) : n;
      if (seen <= 0 || i >= rows) {
        zero(row, n);
        continue;
      }
      const int whole = up(seen, LANES);  // no odd ends, which would go one by one
      for (int j = seen; j < whole; j++) row[j] = -INFINITE;
      float m = max_of(row, whole, 0.0f);
      m = LARGER(m, top[i]);
      float fade = exp_(top[i] - m);
      sum[i] = sum[i] * fade + exp_sum(row, row, whole, m);
      zero(row + whole, n - whole);
      top[i] = m;
      if (j0) for (int d = 0; d < D; d++) o[i * STRIDE + d] *= fade;
    }
    multiply(0, s, v + (ptrdiff_t)j0 * a[A_LDV], a[A_LDV], o, STRIDE, padded, D, n, j0 == 0);
  }
  float *y = F(A_O) + ((ptrdiff_t)batch * TQ + i0) * a[A_LDO] + column;
  float *lse = F(A_LSE) + (ptrdiff_t)head * TQ + i0;
  for (int i = 0; i < rows; i++) {
    float z = 1.0f / sum[i], *restrict to = y + (ptrdiff_t)i * a[A_LDO];
    for (int d = 0; d < D; d++) to[d] = o[i * STRIDE + d] * z;
    lse[i] = top[i] + log_(sum[i]);
  }
}

// The gradients of one head; the probabilities are made again from q, k and the log-sum-exp.
static void attend_back(const int *a, int head) {
  float q[QROWS * STRIDE], g[QROWS * STRIDE], p[QROWS * STRIDE], s[QROWS * STRIDE];
  float dq[QROWS * STRIDE], delta[QROWS];
  const int H = a[A_HEADS], TQ = a[A_TQ], TK = a[A_TK], D = a[A_D], TP = a[A_TP];
  const int batch = head / H, column = head % H * D, ahead = TK - TQ;
  const float scale = R(A_SCALE);
  const float *kt = F(A_KT) + (ptrdiff_t)head * D * TP, *vt = F(A_VT) + (ptrdiff_t)head * D * TP;
  const float *k = F(A_K) + (ptrdiff_t)batch * TK * a[A_LDK] + column;
  float *dk = F(A_DK) + (ptrdiff_t)batch * TK * a[A_LDDK] + column;
  float *dv = F(A_DV) + (ptrdiff_t)batch * TK * a[A_LDDV] + column;
  for (int j = 0; j < TK; j++) {
    zero(dk + (ptrdiff_t)j * a[A_LDDK], D);
    zero(dv + (ptrdiff_t)j * a[A_LDDV], D);
  }
  for (int i0 = 0; i0 < TQ; i0 += QB) {
    const int rows = MIN(QB, TQ - i0), padded = up(rows, MR);
    const ptrdiff_t at = (ptrdiff_t)batch * TQ + i0;
    const float *lse = F(A_LSE) + (ptrdiff_t)head * TQ + i0;
    for (int i = 0; i < padded; i++) {
      float *restrict qi = q + i * STRIDE, *restrict gi = g + i * STRIDE;
      if (i >= rows) {
        zero(qi, D);
        zero(gi, D);
        delta[i] = 0.0f;
        continue;
      }
      const float *restrict x = F(A_Q) + (at + i) * a[A_LDQ] + column;
      const float *restrict z = F(A_DO) + (at + i) * a[A_LDDO] + column;
      for (int d = 0; d < D; d++) qi[d] = x[d] * scale, gi[d] = z[d];
      delta[i] = dot_of(gi, F(A_O) + (at + i) * a[A_LDO] + column, D);
    }
    const int until = a[A_CAUSAL] ? MIN(TK, i0 + rows + ahead) : TK;
    for (int j0 = 0; j0 < until; j0 += KB) {
      const int n = MIN(KB, until - j0), wide = up(n, VL);
      multiply(0, q, kt + j0, TP, p, STRIDE, padded, wide, D, 1);
      multiply(0, g, vt + j0, TP, s, STRIDE, padded, wide, D, 1);
      for (int i = 0; i < padded; i++) {
        float *restrict pi = p + i * STRIDE, *restrict si = s + i * STRIDE;
        int seen = a[A_CAUSAL] ? MIN(n, i0 + i + ahead + 1 - j0) : n;
        if (i >= rows || seen < 0) seen = 0;
        const float z = seen ? lse[i] : 0.0f, e = delta[i];
        for (int j0 = 0; j0 < seen; j0 += LANES)
          for (int j = j0; j < j0 + LANES; j++) {
            pi[j] = exp_below(pi[j] - z);
            si[j] = pi[j] * (si[j] - e);
          }
        for (int j = seen; j < MAX(wide, up(n, MR)); j++) pi[j] = si[j] = 0.0f;
      }
      multiply(0, s, k + (ptrdiff_t)j0 * a[A_LDK], a[A_LDK], dq, STRIDE, padded, D, n, j0 == 0);
      multiply(1, s, q, STRIDE, dk + (ptrdiff_t)j0 * a[A_LDDK], a[A_LDDK], n, D, rows, 0);
      multiply(1, p, g, STRIDE, dv + (ptrdiff_t)j0 * a[A_LDDV], a[A_LDDV], n, D, rows, 0);
    }
    for (int i = 0; i < rows; i++) {
      float *restrict y = F(A_DQ) + (at + i) * a[A_LDDQ] + column;
      for (int d = 0; d < D; d++) y[d] = dq[i * STRIDE + d] * scale;
    }
  }
}

// [batch, T, heads * D] → [batch, heads, D, TP], zeros from T on; one head a chunk.
static void turn_heads(const int *a, int head) {  // x y heads T D ldx TP
  const int H = a[2], T = a[3], D = a[4], ld = a[5], TP = a[6];
  const float *x = F(0) + (ptrdiff_t)(head / H) * T * ld + head % H * D;
  float *y = F(1) + (ptrdiff_t)head * D * TP;
  for (int j0 = 0; j0 < TP; j0 += 16)
    for (int d0 = 0; d0 < D; d0 += 16) {
      const int n = MIN(16, T - j0), m = MIN(16, D - d0);
      float square[16][16];
      for (int j = 0; j < 16; j++)
        if (j < n && m == 16) for (int d = 0; d < 16; d++) square[d][j] = x[(j0 + j) * ld + d0 + d];
        else for (int d = 0; d < m; d++) square[d][j] = j < n ? x[(j0 + j) * ld + d0 + d] : 0.0f;
      for (int d = 0; d < m; d++)
        for (int j = 0; j < 16; j++) y[(d0 + d) * TP + j0 + j] = square[d][j];
    }
}

// ---------------------------------------------------------------- 3x3 convolution on 8x8 boards

// Winograd's F(4x4, 3x3) (Lavin and Gray 2016, arXiv:1509.09308): a board is four tiles of 4x4
// outputs, each from 6x6 inputs; 36 products a tile and pair of channels instead of 144. The
// products are 36 matrix products over the tiles of a few boards that stay in the L2 cache.
// Transforms go over 16 channels at a time. Points 0, 1, -1, 2, -2, infinity.
#define W_SCRATCH (36 * 4096)                // numbers: tiles * (C + D) * 36
#define W_SLACK (16 * 1024)                  // what the product may read beyond

// The 36 (or 9, or 16) values of 16 channels, as rows of 16.
#define EACH_LANE for (int i = 0; i < 16; i++)
#define AT1(x, j) x[(j) * step + i]

INLINE void points_of_input(float *restrict o, int out, const float *restrict d, int step) {
  EACH_LANE {
    float d1 = AT1(d, 1), d2 = AT1(d, 2), d3 = AT1(d, 3), d4 = AT1(d, 4);
    float a = d4 - 4.0f * d2, b = d3 - 4.0f * d1, c = d4 - d2, e = 2.0f * (d3 - d1);
    o[i] = 4.0f * AT1(d, 0) - 5.0f * d2 + d4;
    o[out + i] = a + b;
    o[2 * out + i] = a - b;
    o[3 * out + i] = c + e;
    o[4 * out + i] = c - e;
    o[5 * out + i] = 4.0f * d1 - 5.0f * d3 + AT1(d, 5);
  }
}
INLINE void output_of_points(float *restrict o, int out, const float *restrict m, int step) {
  EACH_LANE {
    float p = AT1(m, 1) + AT1(m, 2), q = AT1(m, 1) - AT1(m, 2);
    float r = AT1(m, 3) + AT1(m, 4), t = AT1(m, 3) - AT1(m, 4);
    o[i] = AT1(m, 0) + p + r;
    o[out + i] = q + 2.0f * t;
    o[2 * out + i] = p + 4.0f * r;
    o[3 * out + i] = q + 8.0f * t + AT1(m, 5);
  }
}
INLINE void points_of_output(float *restrict o, int out, const float *restrict y, int step) {
  EACH_LANE {
    float even = AT1(y, 0) + AT1(y, 2), odd = AT1(y, 1) + AT1(y, 3);
    float far = AT1(y, 0) + 4.0f * AT1(y, 2), away = 2.0f * AT1(y, 1) + 8.0f * AT1(y, 3);
    o[i] = AT1(y, 0);
    o[out + i] = even + odd;
    o[2 * out + i] = even - odd;
    o[3 * out + i] = far + away;
    o[4 * out + i] = far - away;
    o[5 * out + i] = AT1(y, 3);
  }
}
INLINE void points_of_taps(float *restrict o, int out, const float *restrict g, int step) {
  EACH_LANE {
    float g0 = AT1(g, 0), g1 = AT1(g, 1), g2 = AT1(g, 2);
    float a = (g0 + g2) * (-1.0f / 6.0f), b = g1 * (-1.0f / 6.0f);
    float c = g0 * (1.0f / 24.0f) + g2 * (1.0f / 6.0f), d = g1 * (1.0f / 12.0f);
    o[i] = 0.25f * g0;
    o[out + i] = a + b;
    o[2 * out + i] = a - b;
    o[3 * out + i] = c + d;
    o[4 * out + i] = c - d;
    o[5 * out + i] = g2;
  }
}
INLINE void taps_of_points(float *restrict o, int out, const float *restrict u, int step) {
  EACH_LANE {
    float p = (AT1(u, 1) + AT1(u, 2)) * (1.0f / 6.0f), r = AT1(u, 3) + AT1(u, 4);
    o[i] = 0.25f * AT1(u, 0) - p + r * (1.0f / 24.0f);
    o[out + i] = (AT1(u, 2) - AT1(u, 1)) * (1.0f / 6.0f) + (AT1(u, 3) - AT1(u, 4)) * (1.0f / 12.0f);
    o[2 * out + i] = r * (1.0f / 6.0f) - p + AT1(u, 5);
  }
}
// The transform both ways: [from, from] rows of 16 at x to [to, to] at y.
#define BOTH_WAYS(transform, y, x, from, to)                                                  \
  {                                                                                           \
    float half[to * from * 16];                                                               \
    for (int k = 0; k < from; k++) transform(half + k * 16, from * 16, (x) + k * 16, from * 16); \
    for (int k = 0; k < to; k++) transform((y) + k * to * 16, 16, half + k * from * 16, 16);  \
  }

// One tile's 6x6 inputs of n channels, transformed, to v[point * points + channel].
static void tile_points(float *v, ptrdiff_t points, const float *board, int C, int tile, int n) {
  float d[36 * 16], o[36 * 16];
  const int y0 = tile / 2 * 4 - 1, x0 = tile % 2 * 4 - 1;
  for (int k = 0; k < 36; k++) {
    int y = y0 + k / 6, x = x0 + k % 6;
    int on = y >= 0 && y < 8 && x >= 0 && x < 8;
    const float *from = board + (y * 8 + x) * C;
    if (on && n == 16) EACH_LANE d[k * 16 + i] = from[i];
    else EACH_LANE d[k * 16 + i] = on && i < n ? from[i] : 0.0f;
  }
  BOTH_WAYS(points_of_input, o, d, 6, 6)
  for (int k = 0; k < 36; k++) {
    float *to = v + k * points;
    if (n == 16) EACH_LANE to[i] = o[k * 16 + i];
    else for (int i = 0; i < n; i++) to[i] = o[k * 16 + i];
  }
}

enum { W_X, W_U, W_Y, W_C, W_D, W_BOARDS, W_GROUP, W_BIAS, W_GROUPS };

// y = the convolution of a group of boards x with the transformed weights u[36, C, D].
static void conv_boards(const int *a, int chunk) {
  float scratch[W_SCRATCH + W_SLACK];
  const int C = a[W_C], D = a[W_D], b0 = chunk * a[W_GROUP];
  const int boards = MIN(a[W_GROUP], a[W_BOARDS] - b0), tiles = 4 * boards;
  float *v = scratch, *m = scratch + 36 * tiles * C;
  for (int b = 0; b < boards; b++)
    for (int t = 0; t < 4; t++)
      for (int c = 0; c < C; c += 16)
        tile_points(v + (b * 4 + t) * C + c, (ptrdiff_t)tiles * C,
                    F(W_X) + (ptrdiff_t)(b0 + b) * 64 * C + c, C, t, MIN(16, C - c));
  for (int k = 0; k < 36; k++)
    multiply_at(0, C, v + k * tiles * C, F(W_U) + (ptrdiff_t)k * C * D, D, m + k * tiles * D, D,
                tiles, D, C, 1);
  const float *bias = a[W_BIAS] ? F(W_BIAS) : 0;
  for (int b = 0; b < boards; b++)
    for (int t = 0; t < 4; t++)
      for (int d = 0; d < D; d += 16) {
        const int n = MIN(16, D - d);
        float p[36 * 16], o[16 * 16];
        const float *from = m + (b * 4 + t) * D + d;
        for (int k = 0; k < 36; k++) {
          if (n == 16) EACH_LANE p[k * 16 + i] = from[k * tiles * D + i];
          else EACH_LANE p[k * 16 + i] = i < n ? from[k * tiles * D + i] : 0.0f;
        }
        {
          float half[4 * 6 * 16];
          for (int k = 0; k < 6; k++) output_of_points(half + k * 16, 6 * 16, p + k * 16, 6 * 16);
          for (int k = 0; k < 4; k++) output_of_points(o + k * 4 * 16, 16, half + k * 6 * 16, 16);
        }
        float *to = F(W_Y) + ((ptrdiff_t)(b0 + b) * 64 + t / 2 * 32 + t % 2 * 4) * D + d;
        for (int k = 0; k < 16; k++) {
          float *y = to + (k / 4 * 8 + k % 4) * D;
          for (int i = 0; i < n; i++) y[i] = o[k * 16 + i] + (bias ? bias[d + i] : 0.0f);
        }
      }
}

// The gradient by the transformed weights, of one of W_GROUPS equal parts of the boards:
// y[part, 36, C, D]; x are the inputs, u here the outputs' gradient.
static void conv_boards_weight(const int *a, int part) {
  float scratch[W_SCRATCH + W_SLACK];
  const int C = a[W_C], D = a[W_D], share = (a[W_BOARDS] + a[W_GROUPS] - 1) / a[W_GROUPS];
  const int start = part * share, stop = MIN(a[W_BOARDS], start + share);
  float *y = F(W_Y) + (ptrdiff_t)part * 36 * C * D;
  if (start >= stop) zero(y, 36 * C * D);
  for (int b0 = start; b0 < stop; b0 += a[W_GROUP]) {
    const int boards = MIN(a[W_GROUP], stop - b0), tiles = 4 * boards;
    float *v = scratch, *z = scratch + 36 * tiles * C;
    for (int b = 0; b < boards; b++)
      for (int t = 0; t < 4; t++) {
        for (int c = 0; c < C; c += 16)
          tile_points(v + (b * 4 + t) * C + c, (ptrdiff_t)tiles * C,
                      F(W_X) + (ptrdiff_t)(b0 + b) * 64 * C + c, C, t, MIN(16, C - c));
        for (int d = 0; d < D; d += 16) {
          const int n = MIN(16, D - d);
          float g[16 * 16], o[36 * 16], half[6 * 4 * 16];
          const float *from =
              F(W_U) + ((ptrdiff_t)(b0 + b) * 64 + t / 2 * 32 + t % 2 * 4) * D + d;
          for (int k = 0; k < 16; k++)
            EACH_LANE g[k * 16 + i] = i < n ? from[(k / 4 * 8 + k % 4) * D + i] : 0.0f;
          for (int k = 0; k < 4; k++) points_of_output(half + k * 16, 4 * 16, g + k * 16, 4 * 16);
          for (int k = 0; k < 6; k++) points_of_output(o + k * 6 * 16, 16, half + k * 4 * 16, 16);
          float *to = z + (b * 4 + t) * D + d;
          for (int k = 0; k < 36; k++)
            for (int i = 0; i < n; i++) to[k * tiles * D + i] = o[k * 16 + i];
        }
      }
    for (int k = 0; k < 36; k++)
      multiply_at(1, C, v + k * tiles * C, z + k * tiles * D, D, y + (ptrdiff_t)k * C * D, D, C, D,
                  tiles, b0 == start);
  }
}

// w[3, 3, C, D] -> u[36, C, D]; one input channel a chunk.
static void conv_points(const int *a, int c) {  // w u C D
  const int C = a[2], D = a[3];
  for (int d = 0; d < D; d += 16) {
    const int n = MIN(16, D - d);
    float g[9 * 16], o[36 * 16], half[6 * 3 * 16];
    for (int k = 0; k < 9; k++)
      EACH_LANE g[k * 16 + i] = i < n ? F(0)[((ptrdiff_t)k * C + c) * D + d + i] : 0.0f;
    for (int k = 0; k < 3; k++) points_of_taps(half + k * 16, 3 * 16, g + k * 16, 3 * 16);
    for (int k = 0; k < 6; k++) points_of_taps(o + k * 6 * 16, 16, half + k * 3 * 16, 16);
    for (int k = 0; k < 36; k++)
      for (int i = 0; i < n; i++) F(1)[((ptrdiff_t)k * C + c) * D + d + i] = o[k * 16 + i];
  }
}

// The way back for the gradient: u[36, C, D] -> w[3, 3, C, D].
static void conv_taps(const int *a, int c) {  // u w C D
  const int C = a[2], D = a[3];
  for (int d = 0; d < D; d += 16) {
    const int n = MIN(16, D - d);
    float p[36 * 16], o[9 * 16], half[3 * 6 * 16];
    for (int k = 0; k < 36; k++)
      EACH_LANE p[k * 16 + i] = i < n ? F(0)[((ptrdiff_t)k * C + c) * D + d + i] : 0.0f;
    for (int k = 0; k < 6; k++) taps_of_points(half + k * 16, 6 * 16, p + k * 16, 6 * 16);
    for (int k = 0; k < 3; k++) taps_of_points(o + k * 3 * 16, 16, half + k * 6 * 16, 16);
    for (int k = 0; k < 9; k++)
      for (int i = 0; i < n; i++) F(1)[((ptrdiff_t)k * C + c) * D + d + i] = o[k * 16 + i];
  }
}

// ---------------------------------------------------------------- loss, optimiser

// Cross-entropy of each row against its target; a target below 0 counts for nothing. With a mask
// (1 byte a logit) only the marked logits take part. Keeps the log-sum-exp.
static void cross_entropy(const int *a, int chunk) {  // rows grain x target loss lse V mask
  RANGE(begin, end);
  const int V = a[6], *target = I(3);
  float e[1024];
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * V;
    const uint8_t *restrict mask = a[7] ? B(7) + (ptrdiff_t)i * V : 0;
    float m = -INFINITE, s = 0.0f;
    if (target[i] < 0) {
      F(4)[i] = F(5)[i] = 0.0f;
      continue;
    }
    if (mask) {
      for (int j0 = 0; j0 < V; j0 += 1024) {
        const int n = MIN(1024, V - j0);
        for (int j = 0; j < n; j++) e[j] = mask[j0 + j] ? x[j0 + j] : -INFINITE;
        float top = max_of(e, n, 0.0f);
        m = LARGER(m, top);
      }
      for (int j0 = 0; j0 < V; j0 += 1024) {
        const int n = MIN(1024, V - j0);
        for (int j = 0; j < n; j++) e[j] = mask[j0 + j] ? x[j0 + j] : -INFINITE;
        s += exp_sum(e, e, n, m);
      }
    } else {
      m = max_of(x, V, 0.0f);
      for (int j0 = 0; j0 < V; j0 += 1024) s += exp_sum(e, x + j0, MIN(1024, V - j0), m);
    }
    F(5)[i] = m + log_(s);
    F(4)[i] = target[i] >= V || (mask && !mask[target[i]]) ? INFINITE : F(5)[i] - x[target[i]];
  }
}

// The gradient of the mean: (softmax - one hot) * g[0] * weight, 0 where the target is below 0.
static void cross_entropy_back(const int *a, int chunk) {  // rows grain x target dx lse V mask g scale
  RANGE(begin, end);
  const int V = a[6], *target = I(3);
  const float g = F(8)[0] * R(9);
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * V, lse = F(5)[i];
    float *restrict y = F(4) + (ptrdiff_t)i * V;
    if (target[i] < 0) {
      zero(y, V);
      continue;
    }
    if (a[7]) {
      const uint8_t *restrict mask = B(7) + (ptrdiff_t)i * V;
      for (int j = 0; j < V; j++) {
        float p = exp_(x[j] - lse) * g;
        y[j] = mask[j] ? p : 0.0f;
      }
    } else {
      for (int j = 0; j < V; j++) y[j] = exp_(x[j] - lse) * g;
    }
    if (target[i] < V) y[target[i]] -= g;
  }
}

// Decoupled weight decay (Loshchilov & Hutter 2019), in PyTorch's order of operations.
// n grain p g m v lr beta1 beta2 epsilon decay correction1 sqrt(correction2) gradient-scale
// 1-beta2 1-beta1
static void adamw(const int *a, int chunk) {
  RANGE(begin, end);
  float *restrict p = F(2), *restrict m = F(4), *restrict v = F(5);
  const float *restrict g = F(3);
  const float b1 = R(7), b2 = R(8), c1 = R(15), epsilon = R(9);
  const float keep = 1.0f - R(6) * R(10), step = R(6) / R(11), root = 1.0f / R(12), scale = R(13);
  const float c2 = R(14);
  for (int i = begin; i < end; i++) {
    float d = g[i] * scale;
    float mi = b1 * m[i] + c1 * d;
    float vi = b2 * v[i] + c2 * d * d;
    m[i] = mi;
    v[i] = vi;
    p[i] = p[i] * keep - step * mi / (sqrt_(vi) * root + epsilon);
  }
}

// w[tap, ci, co] → y[8 - tap, co, ci]: the kernel of the gradient of a 3x3 convolution.
static void flip_taps(const int *a, int tap) {  // w y Cin Cout
  const int ci = a[2], co = a[3];
  const float *w = F(0) + (ptrdiff_t)tap * ci * co;
  float *restrict y = F(1) + (ptrdiff_t)(8 - tap) * ci * co;
  for (int i = 0; i < ci; i++)
    for (int j = 0; j < co; j++) y[j * ci + i] = w[i * co + j];
}

// ---------------------------------------------------------------- threads

typedef void kernel(const int *a, int chunk);
static kernel *const kernels[] = {
    gemm, fill, transpose, copy_rows, gather, scatter_add, one_hot, cast, where, unary, binary,
    reduce_rows, reduce_part, sum_columns, arg_rows, softmax, norm, norm_back, attend, attend_back,
    turn_heads, cross_entropy, cross_entropy_back, adamw, flip_taps,
    conv_boards, conv_boards_weight, conv_points, conv_taps};

// One job at a time. A thread joins by counting itself in `active` and then seeing `open`; the
// caller closes the job and waits until nobody is in it, so that nobody can meet the next one's
// arguments with this one's chunk. A thread that is late or gone costs time, never a chunk.
struct pool {
  int open, epoch, asleep, threads, dead;
  int chunks, op;
  const int *args;
#ifndef __wasm__
  char *memory;
  pthread_mutex_t lock;
  pthread_cond_t ready;
  pthread_t helpers[256];
#endif
  int next __attribute__((aligned(64)));
  int active __attribute__((aligned(64)));
};

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, v) __atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)
#define ADD(x, v) __atomic_fetch_add(&(x), v, __ATOMIC_SEQ_CST)

#ifdef __wasm__
#define SPINS 20000
#define PAUSE() ((void)0)
static void sleep_until_job(struct pool *p, int seen) {
  __builtin_wasm_memory_atomic_wait32(&p->epoch, seen, 1000000000LL);
}
static void wake(struct pool *p) { __builtin_wasm_memory_atomic_notify(&p->epoch, 0xffffffffu); }
static void nap(struct pool *p) {  // a tenth of a millisecond
  int value = LOAD(p->active);
  if (value) __builtin_wasm_memory_atomic_wait32(&p->active, value, 100000LL);
}
#else
#define SPINS 4000
#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif
static void sleep_until_job(struct pool *p, int seen) {
  pthread_mutex_lock(&p->lock);
  while (LOAD(p->epoch) == seen) pthread_cond_wait(&p->ready, &p->lock);
  pthread_mutex_unlock(&p->lock);
}
static void wake(struct pool *p) {
  pthread_mutex_lock(&p->lock);
  pthread_cond_broadcast(&p->ready);
  pthread_mutex_unlock(&p->lock);
}
static void nap(struct pool *p) {
  (void)p;
  struct timespec t = {0, 100000};
  nanosleep(&t, 0);
}
#endif

static void take_chunks(struct pool *p) {
  kernel *k = kernels[p->op];
  const int *args = p->args, chunks = p->chunks;
  for (int c; (c = ADD(p->next, 1)) < chunks;) k(args, c);
}

// A helper's life. Returns when the number of threads is set to its own or below.
static void help(struct pool *p, int thread) {
  int seen = LOAD(p->epoch);
  while (thread < LOAD(p->threads)) {
    for (int i = 0; i < SPINS && LOAD(p->epoch) == seen; i++) PAUSE();
    if (LOAD(p->epoch) == seen) {
      ADD(p->asleep, 1);
      if (LOAD(p->epoch) == seen) sleep_until_job(p, seen);
      ADD(p->asleep, -1);
      continue;
    }
    seen = LOAD(p->epoch);
    ADD(p->active, 1);
    if (LOAD(p->open)) take_chunks(p);
    ADD(p->active, -1);
  }
}

// 0 done; 1 a helper died; 2 a helper has been silent for a minute; 3 no such kernel.
static int run_in(struct pool *p, int op, const int *args, int chunks) {
  if (op < 0 || op >= (int)(sizeof kernels / sizeof *kernels)) return 3;
  if (LOAD(p->dead)) return 1;
  if (chunks < 2 || LOAD(p->threads) < 2) {
    for (int c = 0; c < chunks; c++) kernels[op](args, c);
    return 0;
  }
  p->op = op;
  p->args = args;
  p->chunks = chunks;
  STORE(p->next, 0);
  STORE(p->open, 1);
  ADD(p->epoch, 1);
  if (LOAD(p->asleep)) wake(p);
  take_chunks(p);
  STORE(p->open, 0);
  for (int i = 0; i < SPINS * 20 && LOAD(p->active); i++) PAUSE();
  for (int naps = 0; LOAD(p->active); naps++) {
    if (LOAD(p->dead)) return 1;
    if (naps > 600000) return 2;
    nap(p);
  }
  return LOAD(p->dead);
}

static void set_threads_of(struct pool *p, int n) {
  STORE(p->threads, n);
  ADD(p->epoch, 1);
  wake(p);
}

// VL, MR, and the kernels' count: what TypeScript must know of this build.
EXPORT int describe(void) { return VL | MR << 8 | (int)(sizeof kernels / sizeof *kernels) << 16; }

#ifdef __wasm__
static struct pool pool;  // in the memory, so that all instances share it
EXPORT void set_threads(int n) { set_threads_of(&pool, n); }
EXPORT void work(int thread) { help(&pool, thread); }
EXPORT void died(void) { STORE(pool.dead, 1); }
EXPORT int run(int op, uint32_t args, int chunks) {
  return run_in(&pool, op, (const int *)AT(args), chunks);
}
#else
struct start {
  struct pool *pool;
  int thread;
};
static void *helper(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  memory = start.pool->memory;
  help(start.pool, start.thread);
  return 0;
}

// A pool of n threads, the caller included, over the `limit` bytes reserved at `base`; fewer if the system gives
// fewer, null if it gives no room. Each memory has a pool of its own.
EXPORT struct pool *open_pool(char *base, size_t limit, int n) {
  // Helpers live in this code: it must stay when whoever loaded it lets go of it.
  Dl_info self;
  if (dladdr((void *)(intptr_t)open_pool, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
#ifdef MADV_HUGEPAGE
  // Large pages for the whole range that the memory may grow into: far fewer address look-ups.
  madvise(base, limit, MADV_HUGEPAGE);
#else
  (void)limit;
#endif
  struct pool *p = aligned_alloc(64, (sizeof(struct pool) + 63) / 64 * 64);
  if (!p) return 0;
  __builtin_memset(p, 0, sizeof *p);
  p->memory = base;
  pthread_mutex_init(&p->lock, 0);
  pthread_cond_init(&p->ready, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 2 << 20);
  p->threads = n;
  for (int i = 1; i < n; i++) {
    struct start *start = malloc(sizeof *start);
    if (start) *start = (struct start){p, i};
    if (!start || pthread_create(&p->helpers[i], &attributes, helper, start)) {
      free(start);
      STORE(p->threads, i);
      break;
    }
  }
  pthread_attr_destroy(&attributes);
  return p;
}
EXPORT int count_threads(struct pool *p) { return LOAD(p->threads); }
EXPORT void close_pool(struct pool *p) {
  int n = LOAD(p->threads);
  set_threads_of(p, 0);
  for (int i = 1; i < n; i++) pthread_join(p->helpers[i], 0);
  free(p);
}
EXPORT int run(struct pool *p, int op, uint32_t args, int chunks) {
  memory = p->memory;
  return run_in(p, op, (const int *)AT(args), chunks);
}
#endif

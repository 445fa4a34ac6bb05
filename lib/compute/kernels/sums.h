// Sums in a fixed order: the same result to the bit for any number of threads.

#define LANES 16
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int lane_mask __attribute__((vector_size(4 * LANES)));

#define PLUS(x, y) ((x) + (y))
#define TIMES(x, y) ((x) * (y))
#define LARGER(x, y) ((((x) > (y)) | ((x) != (x))) ? (x) : (y))  // NaN if either is
#define SMALLER(x, y) ((((x) < (y)) | ((x) != (x))) ? (x) : (y))

// The same for 16 numbers at once. Written out, since compilers take arrays of sums apart.
#define ALL_PLUS(x, y) ((x) + (y))
#define ALL_TIMES(x, y) ((x) * (y))
#ifdef __AVX512F__
// Of max(x, NaN) the instruction makes NaN, of max(NaN, y) y.
#define ALL_LARGER(x, y) ALL_OR_NAN(_mm512_max_ps((__m512)(x), (__m512)(y)), (__m512)(x))
#define ALL_SMALLER(x, y) ALL_OR_NAN(_mm512_min_ps((__m512)(x), (__m512)(y)), (__m512)(x))
#define ALL_OR_NAN(result, x) \
  (lanes)_mm512_mask_mov_ps(result, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x)
#else
INLINE lanes choose(lane_mask which, lanes x, lanes y) {
  return (lanes)((which & (lane_mask)x) | (~which & (lane_mask)y));
}
#define ALL_LARGER(x, y) choose(((x) > (y)) | ((x) != (x)), x, y)
#define ALL_SMALLER(x, y) choose(((x) < (y)) | ((x) != (x)), x, y)
#endif

#define FOLD(op, s)                                   \
  for (int w = LANES / 2; w > 0; w >>= 1)             \
    for (int i = 0; i < w; i++) s[i] = op(s[i], s[i + w]);

// Two sums in turn: one would wait for itself.
#define REDUCER(name, start, op, term)                                   \
  static float name(const float *restrict x, int n, float of) {          \
    lanes s = (lanes){0} + start, t = s;                                 \
    (void)of;                                                            \
    int j = 0;                                                           \
    for (; j + 2 * LANES <= n; j += 2 * LANES) {                         \
      lanes v = *(const lanes *)(x + j), w = *(const lanes *)(x + j + LANES); \
      s = ALL_##op(s, term(v));                                          \
      t = ALL_##op(t, term(w));                                          \
    }                                                                    \
    if (j + LANES <= n) {                                                \
      lanes v = *(const lanes *)(x + j);                                 \
      s = ALL_##op(s, term(v));                                          \
      j += LANES;                                                        \
    }                                                                    \
    s = ALL_##op(s, t);                                                  \
    for (int i = 0; j + i < n; i++) s[i] = op(s[i], term(x[j + i]));     \
    FOLD(op, s)                                                          \
    return s[0];                                                         \
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
  lanes s = {0};
  int j = 0;
  for (; j + LANES <= n; j += LANES) s += *(const lanes *)(x + j) * *(const lanes *)(y + j);
  for (int i = 0; j + i < n; i++) s[i] += x[j + i] * y[j + i];
  FOLD(PLUS, s)
  return s[0];
}

// exp_below of 16 numbers. AVX-512 rounds and scales by powers of two in an instruction each.
INLINE lanes exp_below_all(lanes x) {
#ifdef __AVX512F__
  const __m512 n = _mm512_roundscale_ps((__m512)x * 1.44269504088896341f, _MM_FROUND_TO_NEAREST_INT);
  const __m512 r = n * 2.12194440e-4f + (n * -0.693359375f + (__m512)x);
  __m512 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = _mm512_scalef_ps(p * (r * r) + (r + 1.0f), n);
  // -infinity has become NaN; NaN is not below.
  return (lanes)_mm512_mask_mov_ps(p, _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(-87.3f), _CMP_LT_OQ),
                                   _mm512_setzero_ps());
#else
  const lanes least = (lanes){0} + E[11];
  lanes c = choose(x < least, least, x), t = c * E[0] + E[1];
  const lane_mask n = (lane_mask)t - 0x4b400000;
  t -= E[1];
  const lanes r = c - t * E[2] + t * E[3];
  lanes p = r * E[4] + E[5];
  p = p * r + E[6];
  p = p * r + E[7];
  p = p * r + E[8];
  p = p * r + E[9];
  p = (p * r * r + r + E[10]) * (lanes)((n + 127) << 23);
  return (lanes)(~(x < least) & (lane_mask)p);
#endif
}

// y[i] = exp(x[i] * scale - m), m the largest of these; returns the sum. y may be x.
static float exp_sum(float *y, const float *x, int n, float scale, float m) {
  lanes s = {0};
  int j = 0;
  for (; j + LANES <= n; j += LANES) {
    lanes e = exp_below_all(*(const lanes *)(x + j) * scale - m);
    s += e;
    *(lanes *)(y + j) = e;
  }
  for (int i = 0; j + i < n; i++) {
    float e = exp_below(x[j + i] * scale - m);
    y[j + i] = e;
    s[i] += e;
  }
  FOLD(PLUS, s)
  return s[0];
}

static void copy(float *restrict to, const float *restrict from, int n) {
  for (int i = 0; i < n; i++) to[i] = from[i];
}
static void zero(float *to, int n) {
  for (int i = 0; i < n; i++) to[i] = 0.0f;
}

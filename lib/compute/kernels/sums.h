// Sums in a fixed order: the same result to the bit for any number of threads.

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

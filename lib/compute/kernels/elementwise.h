// Element by element, with broadcasting.

// A function each, not a case of one: V8 compiles what is called, and the smaller the sooner.
#define UNARY(name, expression)                                                            \
  static NOINLINE void unary_##name(float *restrict y, const float *restrict x, int n,     \
                                    float p, float q) {                                    \
    (void)p, (void)q;                                                                      \
    for (int i = 0; i < n; i++) { float v = x[i]; y[i] = (expression); }                   \
  }
UNARY(neg, -v)
UNARY(exp, exp_(v))
UNARY(log, log_(v))
UNARY(sqrt, sqrt_(v))
UNARY(rsqrt, 1.0f / sqrt_(v))
UNARY(square, v * v)
UNARY(abs, abs_(v))
UNARY(relu, v < 0.0f ? 0.0f : v)
UNARY(sigmoid, sigmoid_(v))
UNARY(tanh, tanh_(v))
UNARY(reciprocal, 1.0f / v)
UNARY(erf, erf_(v))
UNARY(gelu, gelu_(v))
UNARY(sign, v < 0.0f ? -1.0f : v > 0.0f ? 1.0f : 0.0f)
UNARY(clip, v < p ? p : v > q ? q : v)
UNARY(step, v > 0.0f ? 1.0f : v != v ? v : p)
UNARY(affine, v * p + q)
UNARY(floor, __builtin_floorf(v))
UNARY(ceil, __builtin_ceilf(v))
UNARY(sin, sin_(v))
UNARY(cos, cos_(v))
UNARY(tan, tan_(v))
UNARY(asin, asin_(v))
UNARY(acos, acos_(v))
UNARY(atan, atan_(v))
UNARY(sinh, sinh_(v))
UNARY(cosh, cosh_(v))
UNARY(asinh, asinh_(v))
UNARY(acosh, acosh_(v))
UNARY(atanh, atanh_(v))
UNARY(expm1, expm1_(v))
UNARY(log1p, log1p_(v))
UNARY(softplus, softplus_(v))
UNARY(elu, elu_(v))
UNARY(selu, selu_(v))
UNARY(leaky_relu, v < 0.0f ? v * p : v)
UNARY(relu6, v < 0.0f ? 0.0f : v > 6.0f ? 6.0f : v)
UNARY(round, abs_(v) < 4194304.0f ? (v + 12582912.0f) - 12582912.0f : v)  // to even
typedef void unary_function(float *restrict y, const float *restrict x, int n, float p, float q);
static unary_function *const UNARY_FUNCTIONS[] = {
    unary_neg, unary_exp, unary_log, unary_sqrt, unary_rsqrt, unary_square, unary_abs, unary_relu,
    unary_sigmoid, unary_tanh, unary_reciprocal, unary_erf, unary_gelu, unary_sign, unary_clip,
    unary_step, unary_affine, unary_floor, unary_ceil, unary_sin, unary_cos, unary_tan,
    unary_asin, unary_acos, unary_atan, unary_sinh, unary_cosh, unary_asinh, unary_acosh,
    unary_atanh, unary_expm1, unary_log1p, unary_softplus, unary_elu, unary_selu,
    unary_leaky_relu, unary_relu6, unary_round,
};
enum { SIN = 19, TAN = 21 };
static void unary(const int *a, int chunk) {  // n grain x y which p q
  RANGE(begin, end);
  const float *x = F(2) + begin;
  float *y = F(3) + begin;
  const int n = end - begin;
  UNARY_FUNCTIONS[a[4]](y, x, n, R(5), R(6));
  if (a[4] < SIN || a[4] > TAN) return;
  for (int i = 0; i < n; i++) {
    if (!(abs_(x[i]) >= FAR_ANGLE)) continue;
    int64_t quadrant;
    double r = abs_(x[i]) < INFINITE ? far_angle(x[i], &quadrant) : (quadrant = 0, NOT_A_NUMBER);
    y[i] = a[4] == TAN ? tan_at(r, quadrant) : sin_at(r, quadrant + a[4] - SIN);
  }
}

#define TEST_CASE(k, type, expression) \
  case k: for (int i = begin; i < end; i++) { type v = ((type *)x)[i]; y[i] = (expression); } break;
static void test(const int *a, int chunk) {  // n grain x y which
  RANGE(begin, end);
  const void *x = AT(a[2]);
  uint8_t *restrict y = B(3);
  switch (a[4]) {
    TEST_CASE(0, float, v != v)
    TEST_CASE(1, float, abs_(v) == INFINITE)
    TEST_CASE(2, float, abs_(v) < INFINITE)
    TEST_CASE(3, uint8_t, !v)
  }
}

#define INT_CASE(k, expression) \
  case k: for (int i = begin; i < end; i++) { int v = x[i]; y[i] = (expression); } break;
static void unary_int(const int *a, int chunk) {  // n grain x y which
  RANGE(begin, end);
  const int *restrict x = I(2);
  int *restrict y = I(3);
  switch (a[4]) {
    INT_CASE(0, (int)(0u - (unsigned)v))
    INT_CASE(1, v < 0 ? (int)(0u - (unsigned)v) : v)
    INT_CASE(2, (int)((unsigned)v * (unsigned)v))
    INT_CASE(3, v < 0 ? 0 : v)
    INT_CASE(4, (v > 0) - (v < 0))
  }
}

#define PAIR(name, from, to, expression)                                                   \
  static NOINLINE void pair_##name(void *restrict out, const void *xs, const void *ys, int n, \
                                   int sx, int sy) {                                       \
    const from *x = xs, *y = ys;                                                           \
    to *restrict z = out;                                                                  \
    if (sx && sy)                                                                          \
      for (int i = 0; i < n; i++) { from u = x[i], v = y[i]; z[i] = (expression); }        \
    else if (sx) { from v = *y; for (int i = 0; i < n; i++) { from u = x[i]; z[i] = (expression); } } \
    else if (sy) { from u = *x; for (int i = 0; i < n; i++) { from v = y[i]; z[i] = (expression); } } \
    else { from u = *x, v = *y; for (int i = 0; i < n; i++) z[i] = (expression); }         \
  }
typedef void pair_function(void *restrict out, const void *xs, const void *ys, int n, int sx,
                           int sy);
// A whole number modulo 2^32, as JavaScript stores it; 0 for infinities and NaN.
INLINE int wrapped(double q) {
  double r = q - __builtin_floor(q * 2.3283064365386963e-10) * 4294967296.0;
  r = r >= 2147483648.0 ? r - 4294967296.0 : r;
  return r >= -2147483648.0 && r <= 2147483647.0 ? (int)r : 0;
}
INLINE int whole_remainder(int u, int v) {  // with v's sign
  double q = __builtin_floor((double)u / (double)v);
  return v == 0 ? 0 : (int)((double)u - q * (double)v);
}
PAIR(add, float, float, u + v)
PAIR(sub, float, float, u - v)
PAIR(mul, float, float, u * v)
PAIR(div, float, float, u / v)
PAIR(max, float, float, LARGER(u, v))
PAIR(min, float, float, SMALLER(u, v))
PAIR(squared_difference, float, float, (u - v) * (u - v))
PAIR(relu_back, float, float, u > 0.0f ? v : 0.0f)  // relu's gradient
PAIR(gelu_back, float, float, v * gelu_slope(u))
PAIR(greater, float, uint8_t, u > v)
PAIR(greater_equal, float, uint8_t, u >= v)
PAIR(less, float, uint8_t, u < v)
PAIR(less_equal, float, uint8_t, u <= v)
PAIR(equal, float, uint8_t, u == v)
PAIR(not_equal, float, uint8_t, u != v)
PAIR(pow, float, float, pow_(u, v))
PAIR(mod, float, float, near_mod(u, v))
PAIR(floor_div, float, int, wrapped(__builtin_floor((double)u / v)))
PAIR(atan2, float, float, atan2_(u, v))
PAIR(prelu, float, float, u < 0.0f ? v * u : u)  // prelu
PAIR(elu_back, float, float, v >= 0.0f ? u : u * (v + 1.0f))  // elu's gradient
PAIR(add_int, int, int, (int)((unsigned)u + (unsigned)v))
PAIR(sub_int, int, int, (int)((unsigned)u - (unsigned)v))
PAIR(mul_int, int, int, (int)((unsigned)u * (unsigned)v))
PAIR(max_int, int, int, u > v ? u : v)
PAIR(min_int, int, int, u < v ? u : v)
PAIR(squared_difference_int, int, int, (int)(((unsigned)u - (unsigned)v) * ((unsigned)u - (unsigned)v)))
PAIR(greater_int, int, uint8_t, u > v)
PAIR(greater_equal_int, int, uint8_t, u >= v)
PAIR(less_int, int, uint8_t, u < v)
PAIR(less_equal_int, int, uint8_t, u <= v)
PAIR(equal_int, int, uint8_t, u == v)
PAIR(not_equal_int, int, uint8_t, u != v)
PAIR(mod_int, int, int, whole_remainder(u, v))
PAIR(floor_div_int, int, int, wrapped(__builtin_floor((double)u / (double)v)))
PAIR(bit_and_int, int, int, u & v)
PAIR(equal_bool, uint8_t, uint8_t, u == v)
PAIR(not_equal_bool, uint8_t, uint8_t, u != v)
PAIR(and_bool, uint8_t, uint8_t, u & v)
PAIR(or_bool, uint8_t, uint8_t, u | v)
// By the place in BINARY of plain/elementwise.ts, which knows what is not there.
static pair_function *const PAIRS[] = {
    pair_add, pair_sub, pair_mul, pair_div, pair_max, pair_min, pair_squared_difference,
    pair_relu_back, pair_gelu_back, pair_greater, pair_greater_equal, pair_less, pair_less_equal,
    pair_equal, pair_not_equal, pair_pow, pair_mod, pair_floor_div, pair_atan2, pair_prelu,
    pair_elu_back,
};
static pair_function *const PAIRS_INT[] = {
    pair_add_int, pair_sub_int, pair_mul_int, [4] = pair_max_int, pair_min_int,
    pair_squared_difference_int, [9] = pair_greater_int, pair_greater_equal_int, pair_less_int,
    pair_less_equal_int, pair_equal_int, pair_not_equal_int, [16] = pair_mod_int,
    pair_floor_div_int, [21] = pair_bit_and_int,
};
static pair_function *const PAIRS_BOOL[] = {
    [13] = pair_equal_bool, pair_not_equal_bool, [22] = pair_and_bool, pair_or_bool,
};

// Where the quotient is too large for `near_mod`.
static void mend_mod(float *z, const float *x, const float *y, int n, int sx, int sy) {
  for (int i = 0; i < n; i++) {
    float u = x[sx ? i : 0], v = y[sy ? i : 0];
    if (abs_(u) < INFINITE && abs_(v) > 0.0f && abs_(u) > FAR_MOD * abs_(v)) z[i] = far_mod(u, v);
  }
}

// z = x op y with broadcasting: rows of `inner` numbers, along which x and y advance by sx and sy
// (0 or 1), at strides of up to 5 outer axes; x and y of one type, `width` bytes a number.
enum { P_X = 2, P_Y, P_Z, P_WHICH, P_INNER, P_SX, P_SY, P_SIZE, P_RANK, P_DIMS,
       P_XS = P_DIMS + 5, P_YS = P_XS + 5 };
INLINE void broadcast(const int *a, int chunk, int width, pair_function *const *functions) {
  RANGE(begin, end);
  const int inner = a[P_INNER], rank = a[P_RANK], sx = a[P_SX], sy = a[P_SY];
  pair_function *apply = functions[a[P_WHICH]];
  for (int at = begin; at < end;) {
    int row = at / inner, column = at - row * inner, n = MIN(inner - column, end - at);
    ptrdiff_t x = (ptrdiff_t)column * sx, y = (ptrdiff_t)column * sy;
    for (int d = rank - 1; d >= 0; d--) {
      int i = row % a[P_DIMS + d];
      row /= a[P_DIMS + d];
      x += (ptrdiff_t)i * a[P_XS + d];
      y += (ptrdiff_t)i * a[P_YS + d];
    }
    void *z = AT(a[P_Z]) + (ptrdiff_t)at * a[P_SIZE];
    const char *xs = AT(a[P_X]) + x * width, *ys = AT(a[P_Y]) + y * width;
    apply(z, xs, ys, n, sx, sy);
    if (apply == pair_mod) mend_mod(z, (float *)xs, (float *)ys, n, sx, sy);
    at += n;
  }
}
static void binary(const int *a, int chunk) { broadcast(a, chunk, 4, PAIRS); }
static void binary_int(const int *a, int chunk) { broadcast(a, chunk, 4, PAIRS_INT); }
static void binary_bool(const int *a, int chunk) { broadcast(a, chunk, 1, PAIRS_BOOL); }

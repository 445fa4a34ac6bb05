// Element by element, with broadcasting.

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

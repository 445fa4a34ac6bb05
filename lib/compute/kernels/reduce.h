// Reductions along rows and columns, and softmax.

static float reduced(int which, const float *x, int n) {
  switch (which) {
    case 0: return sum_of(x, n, 0.0f);
    case 1: return max_of(x, n, 0.0f);
    case 2: return min_of(x, n, 0.0f);
    case 3: return product_of(x, n, 0.0f);
    case 4: return sum_of_squares(x, n, 0.0f);
  }
  return 0.0f;
}

static void reduce_rows(const int *a, int chunk) {  // rows grain x y length which scale
  RANGE(begin, end);
  const int n = a[4];
  for (int i = begin; i < end; i++) F(3)[i] = reduced(a[5], F(2) + (ptrdiff_t)i * n, n) * R(6);
}

// The same over one long row: chunk i reduces its grain of it to y[i].
static void reduce_part(const int *a, int chunk) {  // n grain x y - which
  RANGE(begin, end);
  F(3)[chunk] = reduced(a[5], F(2) + begin, end - begin);
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

// The first place of the largest x * sign; a NaN at the front stays, others are passed over.
#define ARG_ROWS(name, type, factor)                                                       \
  static void name(const int *a, int chunk) { /* rows grain x y length sign */             \
    RANGE(begin, end);                                                                     \
    const int n = a[4];                                                                    \
    const type sign = factor(5);                                                           \
    for (int i = begin; i < end; i++) {                                                    \
      const type *restrict x = (const type *)AT(a[2]) + (ptrdiff_t)i * n;                  \
      type s[LANES], top = x[0] * sign;                                                    \
      for (int l = 0; l < LANES; l++) s[l] = top;                                          \
      int j = 0;                                                                           \
      for (; j + LANES <= n; j += LANES)                                                   \
        for (int l = 0; l < LANES; l++) s[l] = x[j + l] * sign > s[l] ? x[j + l] * sign : s[l]; \
      for (int l = 0; j + l < n; l++) s[l] = x[j + l] * sign > s[l] ? x[j + l] * sign : s[l]; \
      for (int l = 0; l < LANES; l++) top = s[l] > top ? s[l] : top;                       \
      int best = 0, found = x[0] != x[0];                                                  \
      for (; !found && best + LANES <= n; best += found ? 0 : LANES)                       \
        for (int l = 0; l < LANES; l++) found |= x[best + l] * sign == top;                \
      if (x[0] == x[0])                                                                    \
        while (x[best] * sign != top) best++;                                              \
      I(3)[i] = best;                                                                      \
    }                                                                                      \
  }
ARG_ROWS(arg_rows, float, R)

static void softmax(const int *a, int chunk) {  // rows grain x y length log
  RANGE(begin, end);
  const int n = a[4];
  for (int i = begin; i < end; i++) {
    const float *x = F(2) + (ptrdiff_t)i * n;
    float *y = F(3) + (ptrdiff_t)i * n, m = max_of(x, n, 0.0f);
    float s = exp_sum(y, x, n, 1.0f, m);
    if (a[5]) {
      float z = m + log_(s);
      for (int j = 0; j < n; j++) y[j] = x[j] - z;
    } else {
      float z = 1.0f / s;
      for (int j = 0; j < n; j++) y[j] *= z;
    }
  }
}

// Whole numbers and truths: row i is x[i * length] … up to `total`, so that a long row can be cut.
#define WHOLE_ROWS(name, type, one_case)                                                   \
  static void name(const int *a, int chunk) { /* rows grain x y length which total */      \
    RANGE(begin, end);                                                                     \
    for (int i = begin; i < end; i++) {                                                    \
      const ptrdiff_t first = (ptrdiff_t)i * a[4];                                         \
      const int n = (int)MIN((ptrdiff_t)a[4], a[6] - first);                               \
      const type *restrict x = (const type *)AT(a[2]) + first;                             \
      type y = 0;                                                                          \
      switch (a[5]) { one_case }                                                           \
      ((type *)AT(a[3]))[i] = y;                                                           \
    }                                                                                      \
  }
#define WHOLE_CASE(k, start, expression)                                                   \
  case k: y = start; for (int j = 0; j < n; j++) y = (expression); break;
WHOLE_ROWS(reduce_int, int,
           WHOLE_CASE(0, 0, (int)((unsigned)y + (unsigned)x[j]))
           WHOLE_CASE(1, x[0], x[j] > y ? x[j] : y)
           WHOLE_CASE(2, x[0], x[j] < y ? x[j] : y)
           WHOLE_CASE(3, 1, (int)((unsigned)y * (unsigned)x[j])))
WHOLE_ROWS(reduce_bool, uint8_t, WHOLE_CASE(0, 0, y | x[j]) WHOLE_CASE(1, 1, y & x[j]))

// Compares as they are: a sign of -1 would lose the smallest whole number.
static void arg_rows_int(const int *a, int chunk) {  // rows grain x y length sign
  RANGE(begin, end);
  const int n = a[4];
  for (int i = begin; i < end; i++) {
    const int *restrict x = I(2) + (ptrdiff_t)i * n;
    int top = x[0], best = 0;
    if (a[5] > 0) for (int j = 0; j < n; j++) top = x[j] > top ? x[j] : top;
    else for (int j = 0; j < n; j++) top = x[j] < top ? x[j] : top;
    while (x[best] != top) best++;
    I(3)[i] = best;
  }
}

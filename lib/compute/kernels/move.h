// Moving numbers: filling, turning, copying, gathering, casting.

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
#define TRANSPOSE(name, type)                                                              \
  static void name(const int *a, int chunk) {                                              \
    const int rows = a[T_ROWS], cols = a[T_COLS], ldx = a[T_LDX], ldy = a[T_LDY];          \
    const int strips = a[T_BLOCKS]; /* of 64 rows */                                       \
    int outer = chunk / strips, i0 = chunk % strips * 64, i1 = MIN(rows, i0 + 64);         \
    const type *x = (const type *)AT(a[T_X]);                                              \
    type *y = (type *)AT(a[T_Y]);                                                          \
    for (int d = a[T_RANK] - 1; d >= 0; d--) {                                             \
      int at = outer % a[T_DIMS + d];                                                      \
      outer /= a[T_DIMS + d];                                                              \
      x += (ptrdiff_t)at * a[T_XS + d];                                                    \
      y += (ptrdiff_t)at * a[T_YS + d];                                                    \
    }                                                                                      \
    for (int j0 = 0; j0 < cols; j0 += 16) {                                                \
      const int j1 = MIN(cols, j0 + 16);                                                   \
      for (int i2 = i0; i2 < i1; i2 += 16) {                                               \
        const int i3 = MIN(i1, i2 + 16);                                                   \
        if (j1 - j0 == 16 && i3 - i2 == 16) {                                              \
          for (int j = 0; j < 16; j++)                                                     \
            for (int i = 0; i < 16; i++)                                                   \
              y[(ptrdiff_t)(j0 + j) * ldy + i2 + i] = x[(ptrdiff_t)(i2 + i) * ldx + j0 + j]; \
        } else {                                                                           \
          for (int j = j0; j < j1; j++)                                                    \
            for (int i = i2; i < i3; i++)                                                  \
              y[(ptrdiff_t)j * ldy + i] = x[(ptrdiff_t)i * ldx + j];                       \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }
TRANSPOSE(transpose, float)
TRANSPOSE(transpose_bytes, uint8_t)

// y[...] = x[...] row by row: a[0] rows, a[1] rows a chunk; rows are `length` numbers long and lie
// at strides in both; length 1 with an x stride of its own serves the rest.
enum { C_X = 2, C_Y, C_LENGTH, C_STEP, C_RANK, C_DIMS, C_XS = C_DIMS + 5, C_YS = C_XS + 5 };
#define COPY_ROWS(name, type)                                                              \
  static void name(const int *a, int chunk) {                                              \
    RANGE(begin, end);                                                                     \
    const int length = a[C_LENGTH], step = a[C_STEP], rank = a[C_RANK];                    \
    const type *x = (const type *)AT(a[C_X]);                                              \
    type *restrict y = (type *)AT(a[C_Y]);                                                 \
    int at[5], rest = begin;                                                               \
    for (int d = rank - 1; d >= 0; d--) {                                                  \
      at[d] = rest % a[C_DIMS + d];                                                        \
      rest /= a[C_DIMS + d];                                                               \
      x += (ptrdiff_t)at[d] * a[C_XS + d];                                                 \
      y += (ptrdiff_t)at[d] * a[C_YS + d];                                                 \
    }                                                                                      \
    for (int row = begin; row < end; row++) {                                              \
      if (step == 1) for (int i = 0; i < length; i++) y[i] = x[i];                         \
      else if (step == -1) for (int i = 0; i < length; i++) y[i] = x[-(ptrdiff_t)i];       \
      else if (step == 0) { type v = *x; for (int i = 0; i < length; i++) y[i] = v; }      \
      else if (step == 2) for (int i = 0; i < length; i++) y[i] = x[2 * (ptrdiff_t)i];     \
      else for (int i = 0; i < length; i++) y[i] = x[(ptrdiff_t)i * step];                 \
      for (int d = rank - 1; d >= 0; d--) { /* on to the next row */                       \
        x += a[C_XS + d];                                                                  \
        y += a[C_YS + d];                                                                  \
        if (++at[d] < a[C_DIMS + d]) break;                                                \
        x -= (ptrdiff_t)a[C_DIMS + d] * a[C_XS + d];                                       \
        y -= (ptrdiff_t)a[C_DIMS + d] * a[C_YS + d];                                       \
        at[d] = 0;                                                                         \
      }                                                                                    \
    }                                                                                      \
  }
COPY_ROWS(copy_rows, float)
COPY_ROWS(copy_bytes, uint8_t)

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
enum { SCATTER_SUM, SCATTER_SUM_INT, SCATTER_PUT };  // the sums begin with zero, what is put replaces
static void scatter_add(const int *a, int chunk) {  // table rows, grain, x, index, y, n, length, how
  RANGE(begin, end);
  const int *index = I(3), n = a[5], length = a[6], how = a[7];
  float *y = F(4);
  if (how != SCATTER_PUT) zero(y + (ptrdiff_t)begin * length, (end - begin) * length);
  for (int i = 0; i < n; i++) {
    int at = index[i];
    if (at < begin || at >= end) continue;
    const float *restrict from = F(2) + (ptrdiff_t)i * length;
    float *restrict to = y + (ptrdiff_t)at * length;
    if (how == SCATTER_SUM) for (int j = 0; j < length; j++) to[j] += from[j];
    else if (how == SCATTER_PUT) for (int j = 0; j < length; j++) ((int *)to)[j] = ((int *)from)[j];
    else for (int j = 0; j < length; j++) ((unsigned *)to)[j] += ((unsigned *)from)[j];
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
#define CAST(k, from, to, expression)                                       \
  case k: {                                                                 \
    const from *restrict x = (const from *)AT(a[2]);                        \
    to *restrict y = (to *)AT(a[3]);                                        \
    for (int i = begin; i < end; i++) { from v = x[i]; y[i] = (expression); } \
  } break;
static void cast(const int *a, int chunk) {  // n grain x y how
  RANGE(begin, end);
  switch (a[4]) {
    CAST(CAST_INT_FLOAT, int, float, (float)v)
    CAST(CAST_BOOL_FLOAT, uint8_t, float, (float)v)
    CAST(CAST_FLOAT_INT, float, int, v > -2147483648.0f && v < 2147483648.0f ? (int)v : 0)
    CAST(CAST_BOOL_INT, uint8_t, int, v)
    CAST(CAST_FLOAT_BOOL, float, uint8_t, v != 0.0f)
    CAST(CAST_INT_BOOL, int, uint8_t, v != 0)
  }
}

// How often each of 0 … size - 1 stands in a row of x, the weights' sum, or whether it does.
static void count_rows(const int *a, int chunk) {  // rows grain x y length size weights whether
  RANGE(begin, end);
  const int length = a[4], size = a[5];
  for (int row = begin; row < end; row++) {
    const int *restrict x = I(2) + (ptrdiff_t)row * length;
    const float *restrict w = a[6] ? F(6) + (ptrdiff_t)row * length : 0;
    float *restrict y = F(3) + (ptrdiff_t)row * size;
    zero(y, size);
    for (int i = 0; i < length; i++) {
      if (x[i] < 0 || x[i] >= size) continue;
      if (a[7]) y[x[i]] = 1.0f;
      else y[x[i]] += w ? w[i] : 1.0f;
    }
  }
}

static void where(const int *a, int chunk) {  // n grain condition x y out
  RANGE(begin, end);
  const uint8_t *restrict c = B(2);
  const int *restrict x = I(3), *restrict y = I(4);
  int *restrict z = I(5);
  for (int i = begin; i < end; i++) z[i] = c[i] ? x[i] : y[i];
}

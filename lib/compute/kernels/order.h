// Along a row: running sums and products, and the largest numbers.

// y[o, i, c] = x[o, 0, c] op … op x[o, i, c], or without the last (exclusive), or from the end.
// A chunk is a block of 256 columns of one o.
enum { N_X, N_Y, N_ROWS, N_COLS, N_BLOCKS, N_EXCLUSIVE, N_REVERSE, N_PRODUCT };
#define SCAN(name, type, wide)                                                             \
  static void name(const int *a, int chunk) {                                              \
    const int rows = a[N_ROWS], cols = a[N_COLS], exclusive = a[N_EXCLUSIVE];              \
    const int outer = chunk / a[N_BLOCKS], c0 = chunk % a[N_BLOCKS] * 256;                 \
    const int n = MIN(256, cols - c0), product = a[N_PRODUCT];                             \
    const ptrdiff_t start = (ptrdiff_t)outer * rows * cols + c0;                           \
    const ptrdiff_t first = a[N_REVERSE] ? (ptrdiff_t)(rows - 1) * cols : 0;               \
    const ptrdiff_t step = a[N_REVERSE] ? -(ptrdiff_t)cols : cols;                         \
    const wide *x = (const wide *)AT(a[N_X]) + start + first;                              \
    wide *y = (wide *)AT(a[N_Y]) + start + first, s[256];                                  \
    if (n == 1) { /* the usual: along the last axis */                                     \
      wide t = product ? 1 : 0;                                                            \
      for (int r = 0; r < rows; r++, x += step, y += step) {                               \
        if (exclusive) *y = t;                                                             \
        t = product ? t * *x : t + *x;                                                     \
        if (!exclusive) *y = t;                                                            \
      }                                                                                    \
      return;                                                                              \
    }                                                                                      \
    for (int c = 0; c < n; c++) s[c] = product ? 1 : 0;                                    \
    for (int r = 0; r < rows; r++, x += step, y += step) {                                 \
      if (exclusive) for (int c = 0; c < n; c++) y[c] = s[c];                              \
      if (product) for (int c = 0; c < n; c++) s[c] *= x[c];                               \
      else for (int c = 0; c < n; c++) s[c] += x[c];                                       \
      if (!exclusive) for (int c = 0; c < n; c++) y[c] = s[c];                             \
    }                                                                                      \
  }
SCAN(scan, float, float)
SCAN(scan_int, int, unsigned)

// Whether number x at place i comes after y at j: smaller, or equal and later. NaN comes last.
INLINE int comes_after(float x, int i, float y, int j) {
  int nx = x != x, ny = y != y;
  return nx | ny ? (nx == ny ? i > j : nx) : x < y || (x == y && i > j);
}
// The heap's front is what comes last of the k best so far.
static void sift(float *v, int *at, int k, int i) {
  float x = v[i];
  int place = at[i];
  for (int child; (child = 2 * i + 1) < k; i = child) {
    if (child + 1 < k && comes_after(v[child + 1], at[child + 1], v[child], at[child])) child++;
    if (!comes_after(v[child], at[child], x, place)) break;
    v[i] = v[child], at[i] = at[child];
  }
  v[i] = x, at[i] = place;
}
static void top_rows(const int *a, int chunk) {  // rows grain x values places length k
  RANGE(begin, end);
  const int n = a[5], k = a[6];
  for (int row = begin; row < end; row++) {
    const float *x = F(2) + (ptrdiff_t)row * n;
    float *v = F(3) + (ptrdiff_t)row * k;
    int *at = I(4) + (ptrdiff_t)row * k;
    for (int i = 0; i < k; i++) v[i] = x[i], at[i] = i;
    for (int i = k / 2 - 1; i >= 0; i--) sift(v, at, k, i);
    for (int i = k; i < n; i++) {
      if (x[i] <= v[0] || x[i] != x[i]) continue;
      v[0] = x[i], at[0] = i;
      sift(v, at, k, 0);
    }
    for (int left = k - 1; left > 0; left--) {  // the last to the end
      float t = v[0];
      int place = at[0];
      v[0] = v[left], at[0] = at[left];
      v[left] = t, at[left] = place;
      sift(v, at, left, 0);
    }
  }
}

// Reductions along rows and columns, and softmax.

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

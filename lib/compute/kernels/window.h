// Windows over images [batch, height, width, channels]: pooling and resizing.

enum { WIN_X = 2, WIN_Y, WIN_H, WIN_W, WIN_C, WIN_OH, WIN_OW, WIN_KH, WIN_KW, WIN_SH, WIN_SW, WIN_TOP, WIN_LEFT, WIN_MEAN };
static void pool_windows(const int *a, int chunk) {  // rows of the output (batch * height), grain, …
  RANGE(begin, end);
  const int H = a[WIN_H], W = a[WIN_W], C = a[WIN_C], OH = a[WIN_OH], OW = a[WIN_OW];
  for (int row = begin; row < end; row++) {
    const int y0 = row % OH * a[WIN_SH] - a[WIN_TOP];
    const int r0 = MAX(0, y0), r1 = MIN(H, y0 + a[WIN_KH]);
    const float *image = F(WIN_X) + (ptrdiff_t)(row / OH) * H * W * C;
    for (int o = 0; o < OW; o++) {
      const int x0 = o * a[WIN_SW] - a[WIN_LEFT];
      const int c0 = MAX(0, x0), c1 = MIN(W, x0 + a[WIN_KW]);
      float *restrict y = F(WIN_Y) + ((ptrdiff_t)row * OW + o) * C;
      for (int c = 0; c < C; c++) y[c] = a[WIN_MEAN] ? 0.0f : -INFINITE;
      for (int r = r0; r < r1; r++)
        for (int q = c0; q < c1; q++) {
          const float *restrict x = image + ((ptrdiff_t)r * W + q) * C;
          if (a[WIN_MEAN]) for (int c = 0; c < C; c++) y[c] += x[c];
          else for (int c = 0; c < C; c++) y[c] = x[c] > y[c] ? x[c] : y[c];
        }
      if (a[WIN_MEAN]) {
        const int count = MAX(0, r1 - r0) * MAX(0, c1 - c0);
        for (int c = 0; c < C; c++) y[c] = y[c] / (float)count;
      }
    }
  }
}

// The gradient by x, into y, a chunk some images: to the first largest of a window, or to all of it
// in equal parts of the whole window, as tfjs has it.
static void pool_back(const int *a, int chunk) {  // as `pool_windows` by images, and at the end dy
  RANGE(begin, end);
  const int H = a[WIN_H], W = a[WIN_W], C = a[WIN_C], OH = a[WIN_OH], OW = a[WIN_OW];
  const float share = 1.0f / (float)(a[WIN_KH] * a[WIN_KW]);
  for (int image = begin; image < end; image++) {
    const float *x = F(WIN_X) + (ptrdiff_t)image * H * W * C;
    const float *dy = F(WIN_MEAN + 1) + (ptrdiff_t)image * OH * OW * C;
    float *dx = F(WIN_Y) + (ptrdiff_t)image * H * W * C;
    zero(dx, H * W * C);
    for (int place = 0; place < OH * OW; place++, dy += C) {
      const int y0 = place / OW * a[WIN_SH] - a[WIN_TOP], x0 = place % OW * a[WIN_SW] - a[WIN_LEFT];
      const int r0 = MAX(0, y0), r1 = MIN(H, y0 + a[WIN_KH]);
      const int c0 = MAX(0, x0), c1 = MIN(W, x0 + a[WIN_KW]);
      if (a[WIN_MEAN]) {
        for (int r = r0; r < r1; r++)
          for (int q = c0; q < c1; q++) {
            float *restrict to = dx + ((ptrdiff_t)r * W + q) * C;
            for (int c = 0; c < C; c++) to[c] += dy[c] * share;
          }
        continue;
      }
      for (int c = 0; c < C; c++) {
        float top = -INFINITE;
        int best = -1;
        for (int r = r0; r < r1; r++)
          for (int q = c0; q < c1; q++) {
            const int at = (r * W + q) * C + c;
            if (x[at] > top) top = x[at], best = at;
          }
        if (best >= 0) dx[best] += dy[c];
      }
    }
  }
}

// y[o, :] = between the four rows x[corner] with weights of the fractions; `corner` and `fraction`
// are tables along height and width: low, high.
static void resize(const int *a, int chunk) {  // output rows, grain, x, y, H, W, C, OH, OW, places, fractions
  RANGE(begin, end);
  const int H = a[4], W = a[5], C = a[6], OH = a[7], OW = a[8];
  const int *low_y = I(9), *high_y = low_y + OH, *low_x = high_y + OH, *high_x = low_x + OW;
  const float *part_y = F(10), *part_x = part_y + OH;
  for (int row = begin; row < end; row++) {
    const int r = row % OH;
    const float *image = F(2) + (ptrdiff_t)(row / OH) * H * W * C, v = part_y[r];
    const float *top = image + (ptrdiff_t)low_y[r] * W * C, *bottom = image + (ptrdiff_t)high_y[r] * W * C;
    for (int o = 0; o < OW; o++) {
      float *restrict y = F(3) + ((ptrdiff_t)row * OW + o) * C;
      const ptrdiff_t l = (ptrdiff_t)low_x[o] * C, h = (ptrdiff_t)high_x[o] * C;
      const float u = part_x[o];
      for (int c = 0; c < C; c++) {
        float t = top[l + c] + (top[h + c] - top[l + c]) * u;
        float b = bottom[l + c] + (bottom[h + c] - bottom[l + c]) * u;
        y[c] = t + (b - t) * v;
      }
    }
  }
}

// Each channel by itself: w [KH, KW, C], one output channel for each of the input.
static void depthwise(const int *a, int chunk) {  // as `pool_windows`, and at the end w, dilations
  RANGE(begin, end);
  const int H = a[WIN_H], W = a[WIN_W], C = a[WIN_C], OH = a[WIN_OH], OW = a[WIN_OW];
  const int DH = a[WIN_MEAN + 2], DW = a[WIN_MEAN + 3];
  const float *w = F(WIN_MEAN + 1);
  for (int row = begin; row < end; row++) {
    const int y0 = row % OH * a[WIN_SH] - a[WIN_TOP];
    const float *image = F(WIN_X) + (ptrdiff_t)(row / OH) * H * W * C;
    for (int o = 0; o < OW; o++) {
      const int x0 = o * a[WIN_SW] - a[WIN_LEFT];
      float *restrict y = F(WIN_Y) + ((ptrdiff_t)row * OW + o) * C;
      for (int c = 0; c < C; c++) y[c] = 0.0f;
      for (int i = 0; i < a[WIN_KH]; i++)
        for (int j = 0; j < a[WIN_KW]; j++) {
          const int r = y0 + i * DH, q = x0 + j * DW;
          if (r < 0 || r >= H || q < 0 || q >= W) continue;
          const float *restrict x = image + ((ptrdiff_t)r * W + q) * C;
          const float *restrict v = w + ((ptrdiff_t)i * a[WIN_KW] + j) * C;
          for (int c = 0; c < C; c++) y[c] += x[c] * v[c];
        }
    }
  }
}

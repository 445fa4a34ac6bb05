// 3x3 convolution on 8x8 boards.

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

enum { W_X, W_U, W_Y, W_C, W_D, W_BOARDS, W_GROUP, W_BIAS, W_GROUPS, W_TILES };

// y = the convolution of a group of boards x with the transformed weights u[36, C, D], or those split
// for AMX tiles (which C and D must be whole numbers of).
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
#if TILES
  if (a[W_TILES]) {
    const ptrdiff_t steps = C / TERMS, ld = steps * TRIPLE;
    const uint16_t *right = (const uint16_t *)AT(a[W_U]);
    _tile_loadconfig(&TILE_SHAPES);
    for (int k = 0; k < 36; k++) {
      left_of_rows(tile_scratch[0], v + k * tiles * C, C, tiles, C);
      // Rows behind the last tile come over the next product's place, which is made after.
      for (int d = 0; d < D; d += 32, right += 2 * ld)
        tile_block(tile_scratch[0], ld, right, ld, steps, 1, m + k * tiles * D + d, D, 0, 0);
    }
    _tile_release();
  } else
#endif
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
    for (int k = 0; k < 36; k++)  // a sum over a group's few tiles: splitting them would not pay
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

// The transformed weights of one point, split for AMX tiles: u[36, C, D] -> [36, D / 16, C / 32, 3].
static void split_points(const int *a, int k) {  // u tiles C D
#if TILES
  const int C = a[2], D = a[3];
  right_of_columns((uint16_t *)AT(a[1]) + (ptrdiff_t)k * D / 16 * C / TERMS * TRIPLE,
                   F(0) + (ptrdiff_t)k * C * D, D, D, C);
#else
  (void)a, (void)k;
#endif
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

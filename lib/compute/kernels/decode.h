// Decoding: attention of single tokens to texts whose keys and values lie in pages of PAGE tokens.
// A page is [layers, 2, C * PAGE]: of each layer and head the keys, tokens side by side [D, PAGE],
// then of each head the values [PAGE, D].

#define PAGE 64
#define HEAD_LIMIT 192  // the widest head
enum { D_PLAN = 2, D_K, D_V, D_Q, D_Y, D_HEADS, D_D, D_LAYER, D_SCALE };
// A row of the plan: keys in pages that it sees; where in the plan its list of pages starts; the
// page and the place there that its own key goes to, page 0 for none: then it sees itself and, up
// the chain, rows of this batch.
enum { ROW_KEYS, ROW_PAGES, ROW_PAGE, ROW_PLACE, ROW_UP, ROW_WORDS };

// Writes the rows' keys and values where the plan says.
static void keep_rows(const int *a, int chunk) {  // rows grain, then as above
  RANGE(begin, end);
  const int H = a[D_HEADS], D = a[D_D], C = H * D, *plan = I(D_PLAN);
  for (int i = begin; i < end; i++) {
    const int *row = plan + i * ROW_WORDS, place = row[ROW_PLACE];
    if (!row[ROW_PAGE]) continue;
    float *keys = (float *)AT(row[ROW_PAGE]) + (ptrdiff_t)a[D_LAYER] * 2 * C * PAGE;
    float *values = keys + C * PAGE;
    const float *k = F(D_K) + (ptrdiff_t)i * C;
    const float *v = F(D_V) + (ptrdiff_t)i * C;
    for (int c = 0; c < C; c++) keys[c * PAGE + place] = k[c];
    for (int h = 0; h < H; h++) copy(values + (h * PAGE + place) * D, v + h * D, D);
  }
}

// s[nv * VL] = q keys, keys' tokens side by side.
INLINE void some_scores(const float *q, const float *keys, float *s, int D, const int nv) {
  vec t[4];
#pragma GCC unroll 4
  for (int w = 0; w < nv; w++) t[w] = (vec){0};
  for (int d = 0; d < D; d++) {
    const vec x = q[d] - (vec){0};
#pragma GCC unroll 4
    for (int w = 0; w < nv; w++)
      t[w] = MULTIPLY_ADD(x, *(const vec *)(keys + d * PAGE + w * VL), t[w]);
  }
#pragma GCC unroll 4
  for (int w = 0; w < nv; w++) *(vec *)(s + w * VL) = t[w];
}

// s[n] = q keys of a page's first n tokens.
INLINE void page_scores(const float *q, const float *keys, float *s, int n, int D) {
  int j = 0;
  for (; j + 3 * VL < n; j += 4 * VL) some_scores(q, keys + j, s + j, D, 4);
  for (; j < n; j += 2 * VL) some_scores(q, keys + j, s + j, D, 2);
}

// o[D] = o fade + p values, n tokens; values' rows and o are readable to whole pairs of vectors.
INLINE void page_mix(const float *p, const float *values, float *o, int n, int D, float fade) {
  for (int d = 0; d < D; d += 2 * VL) {
    vec t[4];
    t[0] = *(vec *)(o + d) * fade, t[1] = *(vec *)(o + d + VL) * fade;
    t[2] = t[3] = (vec){0};
    const float *v = values + d;
    int j = 0;
    for (; j + 2 <= n; j += 2, v += 2 * D) {
      const vec x = p[j] - (vec){0}, y = p[j + 1] - (vec){0};
      t[0] = MULTIPLY_ADD(x, *(const vec *)v, t[0]);
      t[1] = MULTIPLY_ADD(x, *(const vec *)(v + VL), t[1]);
      t[2] = MULTIPLY_ADD(y, *(const vec *)(v + D), t[2]);
      t[3] = MULTIPLY_ADD(y, *(const vec *)(v + D + VL), t[3]);
    }
    if (j < n) {
      const vec x = p[j] - (vec){0};
      t[0] = MULTIPLY_ADD(x, *(const vec *)v, t[0]);
      t[1] = MULTIPLY_ADD(x, *(const vec *)(v + VL), t[1]);
    }
    *(vec *)(o + d) = t[0] + t[2];
    *(vec *)(o + d + VL) = t[1] + t[3];
  }
}

// One step of the online softmax: s[n] are scores, made probabilities; returns by how much what was
// summed before fades.
INLINE float take_scores(float *s, int n, float *top, float *sum) {
  const int whole = (n + LANES - 1) / LANES * LANES;
  for (int j = n; j < whole; j++) s[j] = -INFINITE;
  float m = max_of(s, whole, 0.0f);
  m = LARGER(m, *top);
  const float fade = exp_(*top - m);
  *sum = *sum * fade + exp_sum(s, s, whole, 1.0f, m);
  *top = m;
  return fade;
}

// softmax(q k^T scale) v: items are head * rows + row.
static void attend_pages(const int *a, int chunk) {  // items grain, then as above
  float q[HEAD_LIMIT], o[HEAD_LIMIT + 2 * VL], s[PAGE];
  RANGE(begin, end);
  const int H = a[D_HEADS], D = a[D_D], C = H * D, rows = a[0] / H, *plan = I(D_PLAN);
  const float scale = R(D_SCALE);
  for (int item = begin; item < end; item++) {
    const int head = item / rows, i = item % rows, *row = plan + i * ROW_WORDS;
    const float *from = F(D_Q) + (ptrdiff_t)i * C + head * D;
    for (int d = 0; d < D; d++) q[d] = from[d] * scale;
    zero(o, HEAD_LIMIT + 2 * VL);
    float top = -INFINITE, sum = 0.0f;
    for (int j0 = 0, page = row[ROW_PAGES]; j0 < row[ROW_KEYS]; j0 += PAGE, page++) {
      const float *keys = (const float *)AT(plan[page]) + (ptrdiff_t)a[D_LAYER] * 2 * C * PAGE;
      const int n = MIN(PAGE, row[ROW_KEYS] - j0);
      page_scores(q, keys + head * D * PAGE, s, n, D);
      const float fade = take_scores(s, n, &top, &sum);
      page_mix(s, keys + (C + head * D) * PAGE, o, n, D, fade);
    }
    for (int up = row[ROW_PAGE] ? -1 : i; up >= 0;) {
      int chain[LANES], n = 0;
      for (; n < LANES && up >= 0; up = plan[up * ROW_WORDS + ROW_UP]) chain[n++] = up;
      for (int j = 0; j < n; j++)
        s[j] = dot_of(q, F(D_K) + (ptrdiff_t)chain[j] * C + head * D, D);
      const float fade = take_scores(s, n, &top, &sum);
      for (int d = 0; d < D; d++) o[d] *= fade;
      for (int j = 0; j < n; j++) {
        const float *v = F(D_V) + (ptrdiff_t)chain[j] * C + head * D;
        for (int d = 0; d < D; d++) o[d] += s[j] * v[d];
      }
    }
    float *to = F(D_Y) + (ptrdiff_t)i * C + head * D;
    for (int d = 0; d < D; d++) to[d] = o[d] / sum;
  }
}

// A few rows through up to three linear maps with what stands around them,
// y (+)= act(norm(x) W + b): x [M, K], W [K, N], y [M, N]. One map's columns a chunk, each row of W
// read once and in order: at few rows the time is that of reading the weights.
#define FEW 8        // rows at most
#define FEW_K 2048   // channels at most where x is normalised
#define AT_ONCE 8    // rows of W
enum { F_M, F_K, F_N, F_COLUMNS, F_X, F_GAIN, F_SHIFT, F_EPSILON, F_GELU, F_ADD, F_MAPS };
static void few_rows(const int *a, int chunk) {  // as above, then W b y of each map
  float normal[FEW * FEW_K];
  const int M = a[F_M], K = a[F_K], N = a[F_N], columns = a[F_COLUMNS];
  const int chunks = (N + columns - 1) / columns, from = chunk % chunks * columns;
  const int n = MIN(columns, N - from), map = F_MAPS + 3 * (chunk / chunks);
  const float *w = F(map) + from, *b = a[map + 1] ? F(map + 1) + from : 0, *x = F(F_X);
  float *y = F(map + 2) + from;
  if (a[F_GAIN]) {
    const float *restrict g = F(F_GAIN), *restrict s = a[F_SHIFT] ? F(F_SHIFT) : 0;
    for (int i = 0; i < M; i++) {
      const float *restrict in = x + (ptrdiff_t)i * K;
      float *restrict out = normal + i * K;
      const float mean = sum_of(in, K, 0.0f) / K;
      const float r = 1.0f / sqrt_(sum_of_deviations(in, K, mean) / K + R(F_EPSILON));
      for (int k = 0; k < K; k++) out[k] = (in[k] - mean) * r * g[k];
      if (s) for (int k = 0; k < K; k++) out[k] += s[k];
    }
    x = normal;
  }
  for (int i = 0; i < M; i++) {
    float *restrict to = y + (ptrdiff_t)i * N;
    if (!a[F_ADD]) zero(to, n);
    if (b) for (int j = 0; j < n; j++) to[j] += b[j];
  }
  int k = 0;
  for (; k + AT_ONCE <= K; k += AT_ONCE)
    for (int i = 0; i < M; i++) {
      const float *restrict at = w + (ptrdiff_t)k * N, *c = x + (ptrdiff_t)i * K + k;
      float *restrict to = y + (ptrdiff_t)i * N;
      vec f[AT_ONCE];
#pragma GCC unroll 8
      for (int l = 0; l < AT_ONCE; l++) f[l] = c[l] - (vec){0};
      int j = 0;
      for (; j + VL <= n; j += VL) {
        vec s = *(vec *)(to + j), t = (vec){0};
#pragma GCC unroll 4
        for (int l = 0; l < AT_ONCE; l += 2) {
          s = MULTIPLY_ADD(f[l], *(const vec *)(at + (ptrdiff_t)l * N + j), s);
          t = MULTIPLY_ADD(f[l + 1], *(const vec *)(at + (ptrdiff_t)(l + 1) * N + j), t);
        }
        *(vec *)(to + j) = s + t;
      }
      for (; j < n; j++)
        for (int l = 0; l < AT_ONCE; l++) to[j] += c[l] * at[(ptrdiff_t)l * N + j];
    }
  for (; k < K; k++)
    for (int i = 0; i < M; i++) {
      const float *restrict at = w + (ptrdiff_t)k * N, c = x[(ptrdiff_t)i * K + k];
      float *restrict to = y + (ptrdiff_t)i * N;
      for (int j = 0; j < n; j++) to[j] += c * at[j];
    }
  if (a[F_GELU])
    for (int i = 0; i < M; i++) {
      float *restrict to = y + (ptrdiff_t)i * N;
      for (int j = 0; j < n; j++) to[j] = gelu_(to[j]);
    }
}

// Layer normalisation.

// y = (x - mean) / sqrt(variance + epsilon) * gain + bias over the last axis.
static void norm(const int *a, int chunk) {  // rows grain x gain bias y mean rstd C epsilon
  RANGE(begin, end);
  const int C = a[8];
  const float *restrict g = F(3), *restrict b = F(4);
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * C;
    float *restrict y = F(5) + (ptrdiff_t)i * C;
    float mean = sum_of(x, C, 0.0f) / C;
    float r = 1.0f / sqrt_(sum_of_deviations(x, C, mean) / C + R(9));
    for (int j = 0; j < C; j++) y[j] = (x[j] - mean) * r * g[j] + b[j];
    F(6)[i] = mean;
    F(7)[i] = r;
  }
}

// dx, and per chunk of rows the partial sums of dgain and dbias (summed by sum_columns).
static void norm_back(const int *a, int chunk) {  // rows grain x gain dy dx mean rstd C partials
  RANGE(begin, end);
  const int C = a[8];
  const float *restrict g = F(3);
  float *restrict dg = F(9) + (ptrdiff_t)chunk * 2 * C, *restrict db = dg + C;
  for (int j = 0; j < C; j++) dg[j] = db[j] = 0.0f;
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * C, *restrict dy = F(4) + (ptrdiff_t)i * C;
    float *restrict dx = F(5) + (ptrdiff_t)i * C;
    const float mean = F(6)[i], r = F(7)[i];
    float s[LANES], t[LANES];
    for (int l = 0; l < LANES; l++) s[l] = t[l] = 0.0f;
    int j = 0;
    for (; j + LANES <= C; j += LANES)
      for (int l = 0; l < LANES; l++) {
        float h = (x[j + l] - mean) * r, d = dy[j + l], e = d * g[j + l];
        dg[j + l] += d * h;
        db[j + l] += d;
        s[l] += e;
        t[l] += e * h;
      }
    for (int l = 0; j + l < C; l++) {
      float h = (x[j + l] - mean) * r, d = dy[j + l], e = d * g[j + l];
      dg[j + l] += d * h;
      db[j + l] += d;
      s[l] += e;
      t[l] += e * h;
    }
    for (int w = LANES / 2; w > 0; w >>= 1)
      for (int l = 0; l < w; l++) s[l] += s[l + w], t[l] += t[l + w];
    const float p = s[0] / C, q = t[0] / C;
    for (j = 0; j < C; j++) dx[j] = r * (dy[j] * g[j] - p - (x[j] - mean) * r * q);
  }
}

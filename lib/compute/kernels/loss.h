// The loss and the optimiser.

// Cross-entropy of each row against its target; a target below 0 counts for nothing. With a mask
// (1 byte a logit) only the marked logits take part. Keeps the log-sum-exp.
static void cross_entropy(const int *a, int chunk) {  // rows grain x target loss lse V mask
  RANGE(begin, end);
  const int V = a[6], *target = I(3);
  float e[1024];
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * V;
    const uint8_t *restrict mask = a[7] ? B(7) + (ptrdiff_t)i * V : 0;
    float m = -INFINITE, s = 0.0f;
    if (target[i] < 0) {
      F(4)[i] = F(5)[i] = 0.0f;
      continue;
    }
    if (mask) {
      for (int j0 = 0; j0 < V; j0 += 1024) {
        const int n = MIN(1024, V - j0);
        for (int j = 0; j < n; j++) e[j] = mask[j0 + j] ? x[j0 + j] : -INFINITE;
        float top = max_of(e, n, 0.0f);
        m = LARGER(m, top);
      }
      for (int j0 = 0; j0 < V; j0 += 1024) {
        const int n = MIN(1024, V - j0);
        for (int j = 0; j < n; j++) e[j] = mask[j0 + j] ? x[j0 + j] : -INFINITE;
        s += exp_sum(e, e, n, 1.0f, m);
      }
    } else {
      m = max_of(x, V, 0.0f);
      for (int j0 = 0; j0 < V; j0 += 1024) s += exp_sum(e, x + j0, MIN(1024, V - j0), 1.0f, m);
    }
    F(5)[i] = m + log_(s);
    F(4)[i] = target[i] >= V || (mask && !mask[target[i]]) ? INFINITE : F(5)[i] - x[target[i]];
  }
}

// The gradient of the mean: (softmax - one hot) * g[0] * weight, 0 where the target is below 0.
static void cross_entropy_back(const int *a, int chunk) {  // rows grain x target dx lse V mask g scale
  RANGE(begin, end);
  const int V = a[6], *target = I(3);
  const float g = F(8)[0] * R(9);
  for (int i = begin; i < end; i++) {
    const float *restrict x = F(2) + (ptrdiff_t)i * V, lse = F(5)[i];
    float *restrict y = F(4) + (ptrdiff_t)i * V;
    if (target[i] < 0) {
      zero(y, V);
      continue;
    }
    if (a[7]) {
      const uint8_t *restrict mask = B(7) + (ptrdiff_t)i * V;
      for (int j = 0; j < V; j++) {
        float p = exp_(x[j] - lse) * g;
        y[j] = mask[j] ? p : 0.0f;
      }
    } else {
      for (int j = 0; j < V; j++) y[j] = exp_(x[j] - lse) * g;
    }
    if (target[i] < V) y[target[i]] -= g;
  }
}

// Decoupled weight decay (Loshchilov & Hutter 2019), in PyTorch's order of operations.
// n grain p g m v lr beta1 beta2 epsilon decay correction1 sqrt(correction2) gradient-scale
// 1-beta2 1-beta1
static void adamw(const int *a, int chunk) {
  RANGE(begin, end);
  float *restrict p = F(2), *restrict m = F(4), *restrict v = F(5);
  const float *restrict g = F(3);
  const float b1 = R(7), b2 = R(8), c1 = R(15), epsilon = R(9);
  const float keep = 1.0f - R(6) * R(10), step = R(6) / R(11), root = 1.0f / R(12), scale = R(13);
  const float c2 = R(14);
  for (int i = begin; i < end; i++) {
    float d = g[i] * scale;
    float mi = b1 * m[i] + c1 * d;
    float vi = b2 * v[i] + c2 * d * d;
    m[i] = mi;
    v[i] = vi;
    p[i] = p[i] * keep - step * mi / (sqrt_(vi) * root + epsilon);
  }
}

// w[tap, ci, co] → y[8 - tap, co, ci]: the kernel of the gradient of a 3x3 convolution.
static void flip_taps(const int *a, int tap) {  // w y Cin Cout
  const int ci = a[2], co = a[3];
  const float *w = F(0) + (ptrdiff_t)tap * ci * co;
  float *restrict y = F(1) + (ptrdiff_t)(8 - tap) * ci * co;
  for (int i = 0; i < ci; i++)
    for (int j = 0; j < co; j++) y[j * ci + i] = w[i * co + j];
}

// Attention.

// softmax(q k^T scale) v, one head and QB queries a chunk, without the T x T matrix: keys come KB at
// a time and the sums are rescaled as the maximum grows (Dao et al. 2022, arXiv:2205.14135).
// q, k, v, o: [batch, T, heads * D] rows at their own strides; kt, vt: [batch, heads, D, TP],
// transposed and padded to TP. With `causal`, query i sees keys up to i + TK - TQ.
#define QB 32
#define QROWS (QB + MR)  // in scratch
#define KB 128
enum { A_Q, A_KT, A_V, A_O, A_LSE, A_HEADS, A_TQ, A_TK, A_D, A_LDQ, A_LDV, A_LDO, A_TP, A_CAUSAL,
       A_SCALE, A_BLOCKS, A_K, A_VT, A_DO, A_DQ, A_DK, A_DV, A_LDK, A_LDDO, A_LDDQ, A_LDDK, A_LDDV };

static void attend(const int *a, int chunk) {
  float q[QROWS * STRIDE], s[QROWS * STRIDE], o[QROWS * STRIDE], top[QROWS], sum[QROWS];
  const int H = a[A_HEADS], TQ = a[A_TQ], TK = a[A_TK], D = a[A_D], TP = a[A_TP];
  const int head = chunk / a[A_BLOCKS], i0 = chunk % a[A_BLOCKS] * QB, rows = MIN(QB, TQ - i0);
  const int batch = head / H, column = head % H * D, padded = up(rows, MR), ahead = TK - TQ;
  const float *x = F(A_Q) + ((ptrdiff_t)batch * TQ + i0) * a[A_LDQ] + column;
  const float *kt = F(A_KT) + (ptrdiff_t)head * D * TP;
  const float *v = F(A_V) + (ptrdiff_t)batch * TK * a[A_LDV] + column;
  const float scale = R(A_SCALE);
  for (int i = 0; i < padded; i++) {
    const float *restrict from = x + (ptrdiff_t)i * a[A_LDQ];
    float *restrict to = q + i * STRIDE;
    if (i < rows) for (int d = 0; d < D; d++) to[d] = from[d] * scale;
    else zero(to, D);
  }
  for (int i = 0; i < padded; i++) top[i] = -INFINITE, sum[i] = 0.0f;
  const int until = a[A_CAUSAL] ? MIN(TK, i0 + rows + ahead) : TK;
  for (int j0 = 0; j0 < until; j0 += KB) {
    const int n = MIN(KB, until - j0);
    multiply(0, q, kt + j0, TP, s, STRIDE, padded, up(n, VL), D, 1);
    for (int i = 0; i < padded; i++) {
      float *row = s + i * STRIDE;
      int seen = a[A_CAUSAL] ? MIN(n, i0 + i + ahead + 1 - j0) : n;
      if (seen <= 0 || i >= rows) {
        zero(row, n);
        continue;
      }
      const int whole = up(seen, LANES);  // no odd ends, which would go one by one
      for (int j = seen; j < whole; j++) row[j] = -INFINITE;
      float m = max_of(row, whole, 0.0f);
      m = LARGER(m, top[i]);
      float fade = exp_(top[i] - m);
      sum[i] = sum[i] * fade + exp_sum(row, row, whole, 1.0f, m);
      zero(row + whole, n - whole);
      top[i] = m;
      if (j0) for (int d = 0; d < D; d++) o[i * STRIDE + d] *= fade;
    }
    multiply(0, s, v + (ptrdiff_t)j0 * a[A_LDV], a[A_LDV], o, STRIDE, padded, D, n, j0 == 0);
  }
  float *y = F(A_O) + ((ptrdiff_t)batch * TQ + i0) * a[A_LDO] + column;
  float *lse = F(A_LSE) + (ptrdiff_t)head * TQ + i0;
  for (int i = 0; i < rows; i++) {
    float z = 1.0f / sum[i], *restrict to = y + (ptrdiff_t)i * a[A_LDO];
    for (int d = 0; d < D; d++) to[d] = o[i * STRIDE + d] * z;
    lse[i] = top[i] + log_(sum[i]);
  }
}

// The gradients of one head; the probabilities are made again from q, k and the log-sum-exp.
static void attend_back(const int *a, int head) {
  float q[QROWS * STRIDE], g[QROWS * STRIDE], p[QROWS * STRIDE], s[QROWS * STRIDE];
  float dq[QROWS * STRIDE], delta[QROWS];
  const int H = a[A_HEADS], TQ = a[A_TQ], TK = a[A_TK], D = a[A_D], TP = a[A_TP];
  const int batch = head / H, column = head % H * D, ahead = TK - TQ;
  const float scale = R(A_SCALE);
  const float *kt = F(A_KT) + (ptrdiff_t)head * D * TP, *vt = F(A_VT) + (ptrdiff_t)head * D * TP;
  const float *k = F(A_K) + (ptrdiff_t)batch * TK * a[A_LDK] + column;
  float *dk = F(A_DK) + (ptrdiff_t)batch * TK * a[A_LDDK] + column;
  float *dv = F(A_DV) + (ptrdiff_t)batch * TK * a[A_LDDV] + column;
  for (int j = 0; j < TK; j++) {
    zero(dk + (ptrdiff_t)j * a[A_LDDK], D);
    zero(dv + (ptrdiff_t)j * a[A_LDDV], D);
  }
  for (int i0 = 0; i0 < TQ; i0 += QB) {
    const int rows = MIN(QB, TQ - i0), padded = up(rows, MR);
    const ptrdiff_t at = (ptrdiff_t)batch * TQ + i0;
    const float *lse = F(A_LSE) + (ptrdiff_t)head * TQ + i0;
    for (int i = 0; i < padded; i++) {
      float *restrict qi = q + i * STRIDE, *restrict gi = g + i * STRIDE;
      if (i >= rows) {
        zero(qi, D);
        zero(gi, D);
        delta[i] = 0.0f;
        continue;
      }
      const float *restrict x = F(A_Q) + (at + i) * a[A_LDQ] + column;
      const float *restrict z = F(A_DO) + (at + i) * a[A_LDDO] + column;
      for (int d = 0; d < D; d++) qi[d] = x[d] * scale, gi[d] = z[d];
      delta[i] = dot_of(gi, F(A_O) + (at + i) * a[A_LDO] + column, D);
    }
    const int until = a[A_CAUSAL] ? MIN(TK, i0 + rows + ahead) : TK;
    for (int j0 = 0; j0 < until; j0 += KB) {
      const int n = MIN(KB, until - j0), wide = up(n, VL);
      multiply(0, q, kt + j0, TP, p, STRIDE, padded, wide, D, 1);
      multiply(0, g, vt + j0, TP, s, STRIDE, padded, wide, D, 1);
      for (int i = 0; i < padded; i++) {
        float *restrict pi = p + i * STRIDE, *restrict si = s + i * STRIDE;
        int seen = a[A_CAUSAL] ? MIN(n, i0 + i + ahead + 1 - j0) : n;
        if (i >= rows || seen < 0) seen = 0;
        const float z = seen ? lse[i] : 0.0f, e = delta[i];
        for (int j0 = 0; j0 < seen; j0 += LANES)
          for (int j = j0; j < j0 + LANES; j++) {
            pi[j] = exp_below(pi[j] - z);
            si[j] = pi[j] * (si[j] - e);
          }
        for (int j = seen; j < MAX(wide, up(n, MR)); j++) pi[j] = si[j] = 0.0f;
      }
      multiply(0, s, k + (ptrdiff_t)j0 * a[A_LDK], a[A_LDK], dq, STRIDE, padded, D, n, j0 == 0);
      multiply(1, s, q, STRIDE, dk + (ptrdiff_t)j0 * a[A_LDDK], a[A_LDDK], n, D, rows, 0);
      multiply(1, p, g, STRIDE, dv + (ptrdiff_t)j0 * a[A_LDDV], a[A_LDDV], n, D, rows, 0);
    }
    for (int i = 0; i < rows; i++) {
      float *restrict y = F(A_DQ) + (at + i) * a[A_LDDQ] + column;
      for (int d = 0; d < D; d++) y[d] = dq[i * STRIDE + d] * scale;
    }
  }
}

// [batch, T, heads * D] → [batch, heads, D, TP], zeros from T on; one head a chunk.
static void turn_heads(const int *a, int head) {  // x y heads T D ldx TP
  const int H = a[2], T = a[3], D = a[4], ld = a[5], TP = a[6];
  const float *x = F(0) + (ptrdiff_t)(head / H) * T * ld + head % H * D;
  float *y = F(1) + (ptrdiff_t)head * D * TP;
  for (int j0 = 0; j0 < TP; j0 += 16)
    for (int d0 = 0; d0 < D; d0 += 16) {
      const int n = MIN(16, T - j0), m = MIN(16, D - d0);
#ifdef __AVX512F__
      if (m == 16) {
        __m512i r[16];
        for (int j = 0; j < 16; j++)
          r[j] = j < n ? _mm512_loadu_si512(x + (j0 + j) * ld + d0) : _mm512_setzero_si512();
        turn_square(r);
        for (int d = 0; d < 16; d++) _mm512_storeu_si512(y + (d0 + d) * TP + j0, r[d]);
        continue;
      }
#endif
      float square[16][16];
      for (int j = 0; j < 16; j++)
        if (j < n && m == 16) for (int d = 0; d < 16; d++) square[d][j] = x[(j0 + j) * ld + d0 + d];
        else for (int d = 0; d < m; d++) square[d][j] = j < n ? x[(j0 + j) * ld + d0 + d] : 0.0f;
      for (int d = 0; d < m; d++)
        for (int j = 0; j < 16; j++) y[(d0 + d) * TP + j0 + j] = square[d][j];
    }
}

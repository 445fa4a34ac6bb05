// Numbers: bits, exponentials and the activation functions, as inline functions that vectorise.

INLINE float bits_float(int i) {
  union { int i; float f; } u = {.i = i};
  return u.f;
}
INLINE int float_bits(float f) {
  union { float f; int i; } u = {.f = f};
  return u.i;
}
#define R(i) bits_float(a[i])

#define INFINITE bits_float(0x7f800000)
#define NOT_A_NUMBER bits_float(0x7fc00000)

// e^c = 2^n p for |c| < 90; the polynomial of Cephes' expf, error under 1 ulp or so.
INLINE float exp_split(float c, int *n) {
  float t = c * 1.44269504088896341f + 12582912.0f;  // round to nearest by the 1.5 * 2^23 trick
  *n = float_bits(t) - 0x4b400000;
  t -= 12582912.0f;
  float r = c - t * 0.693359375f;
  r = r + t * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r + r + 1.0f;
}

// e^x. Below -87.3 it is 0: numbers under 1.2e-38 would cost a hundred cycles each.
INLINE float exp_(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -87.3f ? -87.3f : c;
  c = x == x ? c : 0.0f;
  int n;
  float p = exp_split(c, &n);
  int half = n >> 1;  // two factors, so that neither overflows when the result does not
  p = p * bits_float((half + 127) << 23) * bits_float((n - half + 127) << 23);
  p = x < -87.3f ? 0.0f : p;
  return x == x ? p : x;
}

// The same for x <= 0, as softmax has it: one factor of two is enough, and NaN stays NaN by itself.
INLINE float exp_below(float x) {
  int n;
  float p = exp_split(x < -87.3f ? -87.3f : x, &n);
  p = p * bits_float((int)((unsigned)(n + 127) << 23));
  return x < -87.3f ? 0.0f : p;
}

// log(x), Cephes' logf.
INLINE float log_(float x) {
  float y = x < 1.17549435e-38f ? x * 8388608.0f : x;
  int shift = x < 1.17549435e-38f ? 23 : 0;
  int bits = float_bits(y);
  int e = (bits >> 23) - 126;
  float m = bits_float((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  int low = m < 0.707106781186547524f;
  e -= low;
  m = low ? m + m - 1.0f : m - 1.0f;
  float z = m * m, f = (float)(e - shift);
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  p = p * m * z + f * -2.12194440e-4f - 0.5f * z;
  p = m + p + f * 0.693359375f;
  p = x == 0.0f ? -INFINITE : p;
  p = x == INFINITE ? x : p;
  return x >= 0.0f ? p : NOT_A_NUMBER;
}

INLINE float abs_(float x) { return bits_float(float_bits(x) & 0x7fffffff); }

INLINE float tanh_(float x) {
  float m = abs_(x), z = x * x;
  float big = 1.0f - 2.0f / (exp_(2.0f * m) + 1.0f);
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  p = p * z * x + x;
  float y = m < 0.625f ? p : (x < 0.0f ? -big : big);
  return x == x ? y : x;
}

// erf by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7 (as tfjs's own).
INLINE float erf_(float x) {
  float t = 1.0f / (1.0f + 0.3275911f * abs_(x));
  float y = 1.061405429f;
  y = y * t - 1.453152027f;
  y = y * t + 1.421413741f;
  y = y * t - 0.284496736f;
  y = y * t + 0.254829592f;
  y = 1.0f - y * t * exp_(-x * x);
  return x < 0.0f ? -y : y;
}

INLINE float sigmoid_(float x) { return 1.0f / (1.0f + exp_(-x)); }
// GPT-2's form, x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), and its slope.
#define GELU_SCALE 1.59576912160573072f
INLINE float gelu_(float x) { return x * sigmoid_(GELU_SCALE * (x + 0.044715f * x * x * x)); }
INLINE float gelu_slope(float x) {
  float gate = sigmoid_(GELU_SCALE * (x + 0.044715f * x * x * x));
  return gate + x * gate * (1.0f - gate) * GELU_SCALE * (1.0f + 0.134145f * x * x);
}
INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }

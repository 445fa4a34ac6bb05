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

// V8 builds a constant vector anew wherever it stands, in three instructions or four; one that comes
// from memory it keeps over the loop. So these are variables that nothing changes.
#ifdef __wasm__
#define CONSTANTS static __attribute__((used)) float
#define DOUBLE_CONSTANTS static __attribute__((used)) double
#else
#define CONSTANTS static const float
#define DOUBLE_CONSTANTS static const double
#endif
CONSTANTS E[] = {1.44269504088896341f, 12582912.0f, 0.693359375f, 2.12194440e-4f,
                 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                 1.6666665459e-1f, 5.0000001201e-1f, 1.0f, -87.3f};

// e^c = 2^n (1 + q) for |c| < 90; the polynomial of Cephes' expf, error under 1 ulp or so.
INLINE float exp_split(float c, int *n) {
  float t = c * E[0] + E[1];  // round to nearest by the 1.5 * 2^23 trick
  *n = float_bits(t) - 0x4b400000;
  t -= E[1];
  float r = c - t * E[2];
  r = r + t * E[3];
  float p = E[4];
  p = p * r + E[5];
  p = p * r + E[6];
  p = p * r + E[7];
  p = p * r + E[8];
  p = p * r + E[9];
  return p * r * r + r;
}

// e^x. Below -87.3 it is 0: numbers under 1.2e-38 would cost a hundred cycles each.
INLINE float exp_(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -87.3f ? -87.3f : c;
  c = x == x ? c : 0.0f;
  int n;
  float p = exp_split(c, &n) + E[10];
  int half = n >> 1;  // two factors, so that neither overflows when the result does not
  p = p * bits_float((half + 127) << 23) * bits_float((n - half + 127) << 23);
  p = x < -87.3f ? 0.0f : p;
  return x == x ? p : x;
}

// The same for x <= 0, as softmax has it: one factor of two is enough, and NaN stays NaN by itself.
INLINE float exp_below(float x) {
  int n;
  float p = exp_split(x < E[11] ? E[11] : x, &n) + E[10];
  p = p * bits_float((int)((unsigned)(n + 127) << 23));
  return x < E[11] ? 0.0f : p;
}

// log(x), Cephes' logf.
CONSTANTS L[] = {1.17549435e-38f, 8388608.0f, 0.707106781186547524f, 1.0f, 7.0376836292e-2f,
                 -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                 -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f,
                 -2.12194440e-4f, 0.5f, 0.693359375f};
INLINE float log_(float x) {
  float y = x < L[0] ? x * L[1] : x;
  int shift = x < L[0] ? 23 : 0;
  int bits = float_bits(y);
  int e = (bits >> 23) - 126;
  float m = bits_float((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  int low = m < L[2];
  e -= low;
  m = low ? m + m - L[3] : m - L[3];
  float z = m * m, f = (float)(e - shift);
  float p = L[4];
  p = p * m + L[5];
  p = p * m + L[6];
  p = p * m + L[7];
  p = p * m + L[8];
  p = p * m + L[9];
  p = p * m + L[10];
  p = p * m + L[11];
  p = p * m + L[12];
  p = p * m * z + f * L[13] - L[14] * z;
  p = m + p + f * L[15];
  p = x == 0.0f ? -INFINITE : p;
  p = x == INFINITE ? x : p;
  return x >= 0.0f ? p : NOT_A_NUMBER;
}

INLINE float abs_(float x) { return bits_float(float_bits(x) & 0x7fffffff); }
INLINE float with_sign(float x, float of) {
  return bits_float((float_bits(x) & 0x7fffffff) | (float_bits(of) & (int)0x80000000));
}

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

INLINE float sigmoid_(float x) {
  float e = exp_below(-abs_(x)), y = 1.0f / (1.0f + e);
  return x < 0.0f ? e * y : y;
}
// GPT-2's form, x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), and its slope.
#define GELU_SCALE 1.59576912160573072f
INLINE float gelu_(float x) { return x * sigmoid_(GELU_SCALE * (x + 0.044715f * x * x * x)); }
INLINE float gelu_slope(float x) {
  float gate = sigmoid_(GELU_SCALE * (x + 0.044715f * x * x * x));
  return gate + x * gate * (1.0f - gate) * GELU_SCALE * (1.0f + 0.134145f * x * x);
}
INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }

// ---- In double precision, for what float would lose: logarithms near 1, powers, angles.

INLINE double bits_double(int64_t i) {
  union { int64_t i; double f; } u = {.i = i};
  return u.f;
}
INLINE int64_t double_bits(double f) {
  union { double f; int64_t i; } u = {.f = f};
  return u.i;
}
#define ROUNDER 6755399441055744.0  // 1.5 * 2^52: adding it rounds to a whole number in the low bits
#define TWO_52 4503599627370496.0

INLINE double abs_double(double x) {
  return bits_double(double_bits(x) & 0x7fffffffffffffffLL);
}
INLINE double sqrt_double(double x) { return __builtin_sqrt(x); }
// The nearest whole number, for |x| < 2^51.
INLINE double nearest(double x) { return (x + ROUNDER) - ROUNDER; }

// e^x by Taylor's series of e^r, |r| < ln 2 / 2, to 2e-10; 0 or infinite once a float would be.
DOUBLE_CONSTANTS ED[] = {150.0, -150.0, 1.4426950408889634, ROUNDER, 0.6931471805599453,
                         1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0,
                         1.0 / 6.0, 0.5, 1.0};
INLINE double exp_double(double x) {
  double c = x > ED[0] ? ED[0] : x;
  c = c < ED[1] ? ED[1] : c;
  double t = c * ED[2] + ED[3];
  int64_t n = double_bits(t);
  t -= ED[3];
  double r = c - t * ED[4], p = ED[5];
  p = p * r + ED[6];
  p = p * r + ED[7];
  p = p * r + ED[8];
  p = p * r + ED[9];
  p = p * r + ED[10];
  p = p * r + ED[11];
  p = p * r + ED[12];
  p = p * r + ED[12];
  return p * bits_double((int64_t)((uint64_t)(n + 1023) << 52));
}

// ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)), m in [1 / sqrt 2, sqrt 2], to 2e-12.
DOUBLE_CONSTANTS LD[] = {TWO_52 + 1023.0, 1.4142135623730951, 0.5, 1.0, 1.0 / 13.0, 1.0 / 11.0,
                         1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 2.0, 0.6931471805599453};
INLINE double log_double(double x) {
  int64_t b = double_bits(x);
  double e = bits_double((int64_t)((uint64_t)b >> 52) | 0x4330000000000000LL) - LD[0];
  double m = bits_double((b & 0x000fffffffffffffLL) | 0x3ff0000000000000LL);
  double high = m > LD[1] ? LD[3] : 0.0;
  m = high > 0.0 ? m * LD[2] : m;
  e += high;
  double z = (m - LD[3]) / (m + LD[3]), w = z * z;
  double p = LD[4];
  p = p * w + LD[5];
  p = p * w + LD[6];
  p = p * w + LD[7];
  p = p * w + LD[8];
  p = p * w + LD[9];
  p = p * w + LD[3];
  double y = LD[10] * z * p + e * LD[11];
  y = x == 0.0 ? -(double)INFINITE : y;
  y = x == (double)INFINITE ? x : y;
  return x >= 0.0 ? y : (double)NOT_A_NUMBER;
}

INLINE double expm1_double(double x) {
  return abs_double(x) < 1e-5 ? x + 0.5 * x * x : exp_double(x) - 1.0;
}
// e^x - 1 = 2 (h q + (h - 1 / 2)), h = 2^(n - 1): no digits are lost near 0, where n = 0.
INLINE float expm1_(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < E[11] ? E[11] : c;
  int n;
  float q = exp_split(x == x ? c : 0.0f, &n);
  float h = bits_float((int)((unsigned)(n + 126) << 23)), y = 2.0f * (h * q + (h - 0.5f));
  return x == x ? y : x;
}
// ln(1 + x): what 1 + x rounds away is put right by the factor (Kahan).
INLINE float log1p_(float x) {
  float u = 1.0f + x, y = log_(u) * (x / (u - 1.0f));
  y = u == 1.0f ? x : y;
  return u == INFINITE ? u : x == -1.0f ? -INFINITE : y;
}
INLINE float softplus_(float x) {
  float big = x > 0.0f ? x : 0.0f, y = big + log1p_(exp_below(-abs_(x)));
  return x == x ? y : x;
}
INLINE float elu_(float x) { return x >= 0.0f ? x : expm1_(x); }
#define SELU_SCALE 1.0507009873554805f
#define SELU_ALPHA 1.7580993408473768f  // times 1.6732632423543772
INLINE float selu_(float x) { return x >= 0.0f ? SELU_SCALE * x : SELU_ALPHA * expm1_(x); }
INLINE float sinh_(float x) {
  double e = expm1_double(abs_(x));
  return with_sign((float)(0.5 * (e + e / (e + 1.0))), x);
}
INLINE float cosh_(float x) {
  double e = exp_double(abs_(x));
  return (float)(0.5 * (e + 1.0 / e));
}
INLINE float asinh_(float x) {
  double m = abs_(x), y = m < 1e-4 ? m - m * m * m / 6.0 : log_double(m + sqrt_double(m * m + 1.0));
  return x < 0.0f ? (float)-y : (float)y;
}
INLINE float acosh_(float x) {
  double m = x;
  return x >= 1.0f ? (float)log_double(m + sqrt_double(m * m - 1.0)) : NOT_A_NUMBER;
}
INLINE float atanh_(float x) {
  double m = x;
  return abs_(x) < 1e-4f ? (float)(m + m * m * m / 3.0)
                         : (float)(0.5 * log_double((1.0 + m) / (1.0 - m)));
}

// arctan m for 0 <= m <= 1, Cephes' atanf.
INLINE float atan_small(float m) {
  int high = m > 0.4142135623730950f;
  float t = high ? (m - 1.0f) / (m + 1.0f) : m, z = t * t;
  float p = 8.05374449538e-2f;
  p = p * z - 1.38776856032e-1f;
  p = p * z + 1.99777106478e-1f;
  p = p * z - 3.33329491539e-1f;
  p = p * z * t + t;
  return high ? 0.785398163397448f + p : p;
}
#define PI 3.14159265358979323846f
INLINE float atan_(float x) {
  float m = abs_(x), y = atan_small(m > 1.0f ? 1.0f / m : m);
  y = m > 1.0f ? PI / 2 - y : y;
  return x == x ? with_sign(y, x) : x;
}
INLINE float atan2_(float y, float x) {
  float u = abs_(x), v = abs_(y), low = u < v ? u : v, high = u < v ? v : u;
  float m = low / high;
  m = high == 0.0f ? 0.0f : m;
  m = low == INFINITE ? 1.0f : m;
  float t = atan_small(m);
  t = v > u ? PI / 2 - t : t;
  t = float_bits(x) < 0 ? PI - t : t;
  t = with_sign(t, y);
  return x == x && y == y ? t : NOT_A_NUMBER;
}
// arcsin m for 0 <= m <= 1 / 2, Cephes' asinf.
INLINE float asin_small(float m) {
  float z = m * m, p = 4.2163199048e-2f;
  p = p * z + 2.4181311049e-2f;
  p = p * z + 4.5470025998e-2f;
  p = p * z + 7.4953002686e-2f;
  p = p * z + 1.6666752422e-1f;
  return p * z * m + m;
}
INLINE float asin_(float x) {
  float m = abs_(x), y = asin_small(m > 0.5f ? sqrt_(0.5f * (1.0f - m)) : m);
  y = m > 0.5f ? PI / 2 - 2.0f * y : y;
  return m <= 1.0f ? with_sign(y, x) : NOT_A_NUMBER;
}
INLINE float acos_(float x) {
  float m = abs_(x), y = asin_small(m > 0.5f ? sqrt_(0.5f * (1.0f - m)) : m);
  float big = x < 0.0f ? PI - 2.0f * y : 2.0f * y, small = PI / 2 - with_sign(y, x);
  return m <= 1.0f ? (m > 0.5f ? big : small) : NOT_A_NUMBER;
}

// x - n pi / 2, |.| <= pi / 4, with n in *quadrant. The products are exact for |x| < 2^20;
// `far_angle` does the rest.
#define FAR_ANGLE 1048576.0f
INLINE double near_angle(double x, int64_t *quadrant) {
  double t = x * 0.6366197723675814 + ROUNDER;
  *quadrant = double_bits(t);
  t -= ROUNDER;
  return (x - t * 1.5707963267341256) - t * 6.0771005065061922e-11;
}
static double far_angle(float x, int64_t *quadrant) {
  // |x| = m 2^e; x 2 / pi = the sum of m * part[j] * 2^(e - 24 (j + 1)), of which multiples of 4
  // are full turns (Payne and Hanek).
  static const int part[] = {0xA2F983, 0x6E4E44, 0x1529FC, 0x2757D1, 0xF534DD, 0xC0DB62, 0x95993C,
                             0x439041, 0xFE5163};
  int b = float_bits(x) & 0x7fffffff, e = (b >> 23) - 150;
  int64_t m = (b & 0x7fffff) | 0x800000;
  double turns = 0.0;
  for (int j = 0; j < 9; j++) {
    int k = e - 24 * (j + 1);
    int64_t term = m * part[j];
    if (k >= 2 || k < -100) continue;
    if (2 - k < 62) term &= ((int64_t)1 << (2 - k)) - 1;
    turns += (double)term * bits_double((int64_t)(k + 1023) << 52);
  }
  turns = x < 0.0f ? -turns : turns;
  *quadrant = (int64_t)nearest(turns);
  return (turns - nearest(turns)) * 1.5707963267948966;
}
// sin and cos of r by their series to 1e-9.
INLINE double sin_series(double r) {
  double z = r * r, p = -2.5052108385441718e-8;
  p = p * z + 2.7557319223985893e-6;
  p = p * z - 1.9841269841269841e-4;
  p = p * z + 8.3333333333333333e-3;
  p = p * z - 1.6666666666666667e-1;
  return p * z * r + r;
}
INLINE double cos_series(double r) {
  double z = r * r, p = 2.08767569878681e-9;
  p = p * z - 2.7557319223985891e-7;
  p = p * z + 2.4801587301587302e-5;
  p = p * z - 1.3888888888888889e-3;
  p = p * z + 4.1666666666666667e-2;
  p = p * z - 0.5;
  return p * z + 1.0;
}
INLINE float sin_at(double r, int64_t quadrant) {
  double y = quadrant & 1 ? cos_series(r) : sin_series(r);
  return (float)(quadrant & 2 ? -y : y);
}
INLINE float tan_at(double r, int64_t quadrant) {
  double s = sin_series(r), c = cos_series(r);
  return (float)(quadrant & 1 ? -c / s : s / c);
}
INLINE float sin_(float x) { int64_t n; double r = near_angle(x, &n); return sin_at(r, n); }
INLINE float cos_(float x) { int64_t n; double r = near_angle(x, &n); return sin_at(r, n + 1); }
INLINE float tan_(float x) { int64_t n; double r = near_angle(x, &n); return tan_at(r, n); }

// x^y as JavaScript has it: a whole y takes negative x, y = 0 gives 1, 1^(infinite) is no number.
INLINE float pow_(float x, float y) {
  double u = abs_(x), v = y;
  double whole = __builtin_floor(v), half = 0.5 * v;
  int odd = (v == whole) & (half != __builtin_floor(half));
  double e = v * log_double(u);
  double p = exp_double(e);
  p = u == 0.0 ? (v > 0.0 ? 0.0 : (double)INFINITE) : p;
  p = x < 0.0f && v != whole && u < (double)INFINITE ? (double)NOT_A_NUMBER : p;
  p = float_bits(x) < 0 && odd ? -p : p;
  p = u == 1.0 && abs_double(v) == (double)INFINITE ? (double)NOT_A_NUMBER : p;
  p = x != x || y != y ? (double)NOT_A_NUMBER : p;
  return y == 0.0f ? 1.0f : (float)p;
}

// x mod y with y's sign. Exact while the quotient is under 2^29; `far_mod` does the rest.
INLINE float near_mod(float x, float y) {
  double u = x, v = y, r = u - nearest(u / v) * v;
  r = (r < 0.0) != (v < 0.0) && r != 0.0 ? r + v : r;
  r = r == v ? 0.0 : r;
  r = abs_(y) == INFINITE ? ((x < 0.0f) == (y < 0.0f) && abs_(x) < INFINITE ? u : NOT_A_NUMBER) : r;
  return (float)r;
}
#define FAR_MOD 268435456.0f
static float far_mod(float x, float y) {
  double r = abs_(x), v = abs_(y), t = v;
  while (t <= 0.5 * r) t *= 2.0;
  for (; t >= v; t *= 0.5)
    if (r >= t) r -= t;
  r = x < 0.0f ? -r : r;
  r = (r < 0.0) != (y < 0.0f) && r != 0.0 ? r + y : r;
  return r == y ? 0.0f : (float)r;
}

#ifdef __AVX512F__
// Turns a square of 16 x 16 numbers of 32 bits.
INLINE void turn_square(__m512i r[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}
#endif

// Runs the kernels that compute addresses over random shapes under AddressSanitizer and
// UndefinedBehaviorSanitizer: every tensor lies between poisoned bytes, with the 64 readable bytes
// behind it that the allocator promises. sanitize_test.ts compiles and runs it.

#include "../../lib/compute/kernels/kernels.c"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <string.h>

#define ARENA (64 << 20)
#ifndef READABLE
#define READABLE 64  // bytes behind a tensor
#endif
static uint32_t top;

static void fresh(void) {
  ASAN_UNPOISON_MEMORY_REGION(memory, ARENA);
  memset(memory, 0, ARENA);
  ASAN_POISON_MEMORY_REGION(memory, ARENA);
  top = 256;
}

// A tensor of n numbers.
static int tensor(int n) {
  uint32_t at = top;
  ASAN_UNPOISON_MEMORY_REGION(memory + at, 4 * (size_t)n + READABLE);
  for (int i = 0; i < n; i++) ((float *)(memory + at))[i] = (float)((i * 37) % 19 - 9) / 9;
  top = (at + 4 * n + 64 + 256 + 63) / 64 * 64;
  if (top > ARENA) abort();
  return (int)at;
}

static uint32_t state = 1;
static int dice(int n) {
  state = state * 1664525 + 1013904223;
  return (int)((state >> 8) % (uint32_t)n);
}
static int some(int n) { return 1 + dice(n); }

static void products(void) {
  fresh();
  int mode = dice(4), C = some(20), boards = some(3);
  int M = mode == 2 ? 64 * boards : mode == 3 ? 9 * C : some(150);
  int K = mode == 2 ? 9 * C : mode == 3 ? 64 * boards : some(400), N = some(120);
  int tiles = TILES && mode < 2 && dice(2), turn_b = mode < 2 && dice(2);
  int mb = tiles ? 32 * some(16) : some(ROWS / MR) * MR, nb = some(8) * 16;
  int mblocks = (M + mb - 1) / mb, nblocks = (N + nb - 1) / nb;
  int x = tensor(mode >= 2 ? 64 * boards * C : M * K), y = tensor(K * N), z = tensor(M * N);
  int bias = dice(2) ? tensor(N) : 0;
  int a[] = {x, y, z, M, N, K, mode == 1 ? M : K, turn_b ? K : N, N, mode, mb, nb, mblocks, nblocks,
             0, 0, 0, bias, dice(2), C, turn_b, tiles};
  for (int c = 0; c < mblocks * nblocks; c++) gemm(a, c);
}

static void attention(void) {
  fresh();
  int batch = some(2), H = some(3), D = some(70), TQ = some(90), causal = dice(2);
  int TK = causal ? TQ + dice(60) : some(150), C = H * D, TP = (TK + 47) / 48 * 48 + 48;
  int q = tensor(batch * TQ * C), k = tensor(batch * TK * C), v = tensor(batch * TK * C);
  int o = tensor(batch * TQ * C), lse = tensor(batch * H * TQ), g = tensor(batch * TQ * C);
  int kt = tensor(batch * H * D * TP), vt = tensor(batch * H * D * TP);
  int dq = tensor(batch * TQ * C), dk = tensor(batch * TK * C), dv = tensor(batch * TK * C);
  int turn_k[] = {k, kt, H, TK, D, C, TP}, turn_v[] = {v, vt, H, TK, D, C, TP};
  int blocks = (TQ + QB - 1) / QB;
  int a[] = {q, kt, v, o, lse, H, TQ, TK, D, C, C, C, TP, causal, float_bits(0.3f), blocks,
             k, vt, g, dq, dk, dv, C, C, C, C, C};
  for (int h = 0; h < batch * H; h++) turn_heads(turn_k, h), turn_heads(turn_v, h);
  for (int c = 0; c < batch * H * blocks; c++) attend(a, c);
  for (int h = 0; h < batch * H; h++) attend_back(a, h);
}

static void boards(void) {
  fresh();
  int C = some(130), D = some(130), count = some(9), group = MAX(1, MIN(8, 4096 / (C + D) / 4));
  int x = tensor(count * 64 * C), w = tensor(9 * C * D), u = tensor(36 * C * D);
  int y = tensor(count * 64 * D), parts = tensor(8 * 36 * C * D);
  int points[] = {w, u, C, D}, taps[] = {u, w, C, D}, flip[] = {w, u, C, D};
  int forward[] = {x, u, y, C, D, count, group, 0, 0};
  int back[] = {x, y, parts, C, D, count, group, 0, 8};
  for (int c = 0; c < C; c++) conv_points(points, c);
  for (int c = 0; c * group < count; c++) conv_boards(forward, c);
  for (int p = 0; p < 8; p++) conv_boards_weight(back, p);
  for (int c = 0; c < C; c++) conv_taps(taps, c);
  for (int tap = 0; tap < 9; tap++) flip_taps(flip, tap);
}

static void rows(void) {
  fresh();
  int N = some(70), C = some(90), section = some(20), sections = (N + section - 1) / section;
  int x = tensor(N * C), y = tensor(N * C), g = tensor(C), b = tensor(C), z = tensor(N * C);
  int mean = tensor(N), rstd = tensor(N), parts = tensor(sections * 2 * C), ids = tensor(N);
  int *id = (int *)(memory + ids);
  for (int i = 0; i < N; i++) id[i] = dice(C + 1) - 1;
  int chunk = some(16), chunks = (N + chunk - 1) / chunk, blocks = (C + 255) / 256;
  int one = float_bits(1.0f), sums = tensor(sections * C);
  for (int c = 0; c < chunks; c++) {
    norm((int[]){N, chunk, x, g, b, y, mean, rstd, C, float_bits(1e-5f)}, c);
    softmax((int[]){N, chunk, x, y, C, dice(2)}, c);
    cross_entropy((int[]){N, chunk, x, ids, mean, rstd, C, 0}, c);
    cross_entropy_back((int[]){N, chunk, x, ids, y, rstd, C, 0, g, one}, c);
    reduce_rows((int[]){N, chunk, x, mean, C, dice(5), one}, c);
    gather((int[]){N, chunk, z, ids, y, N, N, C}, c);
    one_hot((int[]){N, chunk, ids, y, C, one, 0}, c);
  }
  for (int c = 0; c < sections; c++)
    norm_back((int[]){N, section, x, g, y, z, mean, rstd, C, parts}, c);
  for (int c = 0; c < sections * blocks; c++)
    sum_columns((int[]){x, sums, N, C, section, sections, blocks, one}, c);
}

static void decoding(void) {
  fresh();
  int H = some(3), D = some(100), C = H * D, layers = some(2), layer = dice(layers), texts = some(3);
  int kept[3], cached[3], free_rows[3], pages[3], M = 0, lists = 0;
  for (int t = 0; t < texts; t++) {
    kept[t] = dice(80), cached[t] = dice(130), free_rows[t] = kept[t] ? dice(20) : some(20);
    pages[t] = (kept[t] + cached[t] + PAGE - 1) / PAGE;
    M += kept[t] + free_rows[t], lists += pages[t];
  }
  int plan = tensor(M * ROW_WORDS + lists), list = M * ROW_WORDS, row = 0;
  int *p = (int *)(memory + plan);
  for (int t = 0; t < texts; t++) {
    for (int i = 0; i < pages[t]; i++) p[list + i] = tensor(layers * 2 * C * PAGE + 32);
    for (int i = 0; i < kept[t] + free_rows[t]; i++, row++) {
      int place = cached[t] + i, *r = p + row * ROW_WORDS, own = i >= kept[t];
      r[ROW_KEYS] = own ? cached[t] + kept[t] : place + 1;
      r[ROW_PAGES] = list;
      r[ROW_PAGE] = own ? 0 : p[list + place / PAGE];
      r[ROW_PLACE] = own ? 0 : place % PAGE;
      r[ROW_UP] = i > kept[t] ? row - some(i - kept[t]) : -1;
    }
    list += pages[t];
  }
  int q = tensor(M * C), k = tensor(M * C), v = tensor(M * C), y = tensor(M * C), grain = some(9);
  int keep[] = {M, grain, plan, k, v, q, y, H, D, layer, float_bits(0.3f)};
  int attend[] = {M * H, grain, plan, k, v, q, y, H, D, layer, float_bits(0.3f)};
  for (int c = 0; c * grain < M; c++) keep_rows(keep, c);
  for (int c = 0; c * grain < M * H; c++) attend_pages(attend, c);
}

int main(void) {
  memory = aligned_alloc(64, ARENA);
#if TILES
  ask_for_tiles();
#endif
  for (int i = 0; i < 150; i++) products(), attention(), rows(), decoding();
  for (int i = 0; i < 12; i++) boards();
  printf("clean\n");
  return 0;
}

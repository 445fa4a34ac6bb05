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
  int bias = dice(2) ? tensor(N) : 0, add = dice(2) ? tensor(M * N) : 0;
  int a[] = {x, y, z, M, N, K, mode == 1 ? M : K, turn_b ? K : N, N, mode, mb, nb, mblocks, nblocks,
             0, 0, 0, bias, dice(2), C, turn_b, tiles, add};
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
  int forward[] = {x, u, y, C, D, count, group, 0, 0, 0};
  int back[] = {x, y, parts, C, D, count, group, 0, 8};
  for (int c = 0; c < C; c++) conv_points(points, c);
  for (int c = 0; c * group < count; c++) conv_boards(forward, c);
  if (TILES && dice(2)) {
    C = D = 32 * some(3);
    int split = tensor(36 * C * D * 3 / 2), x = tensor(count * 64 * C), y = tensor(count * 64 * D);
    int v = tensor(36 * C * D), splits[] = {v, split, C, D};
    int tiled[] = {x, split, y, C, D, count, MAX(1, MIN(8, 4096 / (C + D) / 4)), 0, 0, 1};
    for (int k = 0; k < 36; k++) split_points(splits, k);
    for (int c = 0; c * tiled[6] < count; c++) conv_boards(tiled, c);
    return;
  }
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

// A tensor of n bytes.
static int truths(int n) {
  int at = tensor((n + 3) / 4);
  ASAN_POISON_MEMORY_REGION(memory + at + n + READABLE, 8);
  for (int i = 0; i < n; i++) memory[at + i] = (char)(i * 7 % 3 == 0);
  return at;
}

static void moves(void) {
  fresh();
  int A = some(9), N = some(40), C = some(40), n = A * N * C;
  int x = tensor(n), y = tensor(n), b = truths(n), z = truths(n);
  int grain = some(n), rows = some(A * N), strips = (N + 63) / 64;
  int copy[] = {A * N, rows, x, y, C, 1, 2, A, N, 1, 1, 1, N * C, C, 0, 0, 0, N * C, C, 0, 0, 0};
  int back[] = {A * N, rows, x + 4 * (n - 1), y, C, -1, 2, A, N, 1, 1, 1, -N * C, -C, 0, 0, 0,
                N * C, C, 0, 0, 0};
  int points[] = {A * C, rows, x, y, 1, 1, 2, A, C, 1, 1, 1, N * C, 1, 0, 0, 0, C, 1, 0, 0, 0};
  int turn[] = {A * strips, strips, x, y, N, C, C, N, 1, A, 1, 1, 1, N * C, 0, 0, 0, N * C, 0, 0, 0};
  int both[] = {n, grain, x, y, y, 0, C, 1, 0, 4, 1, A * N, 1, 1, 1, 1, C, 0, 0, 0, 0, C, 0, 0, 0, 0};
  for (int c = 0; c * rows < A * N; c++) {
    copy_rows(copy, c), copy_rows(back, c);
    if (c * rows < A * C) copy_rows(points, c);
  }
  for (int c = 0; c < A * strips; c++) transpose(turn, c);
  for (int c = 0; c * grain < n; c++) {
    both[5] = dice(21), both[9] = both[5] >= 9 && both[5] <= 14 ? 1 : 4;
    both[4] = both[9] == 1 ? z : y, binary(both, c);
    both[5] = 16 + dice(2), both[4] = y, both[9] = 4, binary_int(both, c);
    unary((int[]){n, grain, x, y, dice(38), 0, 0}, c);
    unary_int((int[]){n, grain, x, y, dice(5)}, c);
    test((int[]){n, grain, x, z, dice(3)}, c);
    test((int[]){n, grain, b, z, 3}, c);
    where((int[]){n, grain, b, x, y, y}, c);
    cast((int[]){n, grain, b, y, CAST_BOOL_INT}, c), cast((int[]){n, grain, x, z, CAST_FLOAT_BOOL}, c);
  }
  copy[2] = b, copy[3] = z, turn[2] = b, turn[3] = z;
  for (int c = 0; c * rows < A * N; c++) copy_bytes(copy, c);
  for (int c = 0; c < A * strips; c++) transpose_bytes(turn, c);
}

static void orders(void) {
  fresh();
  int A = some(9), N = some(60), C = dice(2) ? 1 : some(300), k = some(N), blocks = (C + 255) / 256;
  int x = tensor(A * N * C), y = tensor(A * N * C), v = tensor(A * k), at = tensor(A * k);
  int b = truths(A * N), few = truths(A), sums = tensor(A), chunk = some(A), ids = tensor(N), size = some(9);
  int counts = tensor(A * size), put = tensor(size * C), weights = dice(2) ? tensor(A * N) : 0;
  for (int i = 0; i < N; i++) ((int *)(memory + ids))[i] = dice(size);
  for (int c = 0; c < A * blocks; c++) {
    scan((int[]){x, y, N, C, blocks, dice(2), dice(2), dice(2)}, c);
    scan_int((int[]){x, y, N, C, blocks, dice(2), dice(2), dice(2)}, c);
  }
  for (int c = 0; c * chunk < A; c++) {
    top_rows((int[]){A, chunk, x, v, at, N, k}, c);
    arg_rows((int[]){A, chunk, x, sums, N, float_bits(dice(2) ? 1.0f : -1.0f)}, c);
    arg_rows_int((int[]){A, chunk, x, sums, N, dice(2) ? 1 : -1}, c);
    reduce_int((int[]){A, chunk, x, sums, N, dice(4), A * N - (N > 1)}, c);
    reduce_bool((int[]){A, chunk, b, few, N, dice(2), A * N}, c);
    count_rows((int[]){A, chunk, x, counts, N, size, weights, dice(2)}, c);
  }
  for (int how = 0, chunk = some(size); how < 3; how++)
    for (int c = 0; c * chunk < size; c++)
      scatter_add((int[]){size, chunk, x, ids, put, MIN(N, A * N), C, how}, c);
}

static void images(void) {
  fresh();
  int B = some(3), H = some(12), W = some(12), C = some(20), KH = some(H), KW = some(W), S = some(3);
  int top = dice(KH), left = dice(KW), OH = (H + top - KH) / S + 1, OW = (W + left - KW) / S + 1;
  int x = tensor(B * H * W * C), y = tensor(B * OH * OW * C), w = tensor(KH * KW * C);
  int rows = B * OH, chunk = some(rows), TH = some(20), TW = some(20);
  int big = tensor(B * TH * TW * C), places = tensor(2 * (TH + TW)), parts = tensor(TH + TW);
  int *place = (int *)(memory + places);
  for (int i = 0; i < 2 * TH; i++) place[i] = dice(H);
  for (int i = 0; i < 2 * TW; i++) place[2 * TH + i] = dice(W);
  for (int c = 0; c * chunk < rows; c++) {
    pool_windows((int[]){rows, chunk, x, y, H, W, C, OH, OW, KH, KW, S, S, top, left, dice(2)}, c);
    depthwise((int[]){rows, chunk, x, y, H, W, C, OH, OW, KH, KW, S, S, top, left, 0, w, 1, 1}, c);
  }
  int dx = tensor(B * H * W * C);
  for (int c = 0; c < B; c++)
    pool_back((int[]){B, 1, x, dx, H, W, C, OH, OW, KH, KW, S, S, top, left, dice(2), y}, c);
  for (int c = 0; c < B * TH; c++)
    resize((int[]){B * TH, 1, x, big, H, W, C, TH, TW, places, parts}, c);
}

static void few(void) {
  fresh();
  int M = some(FEW), K = some(300), N = some(300), maps = some(3), columns = some(5) * 64, add = dice(2);
  int x = tensor(M * K), gain = dice(2) ? tensor(K) : 0, shift = gain && dice(2) ? tensor(K) : 0;
  int a[F_MAPS + 9] = {M, K, N, columns, x, gain, shift, float_bits(1e-5f), dice(2), add};
  for (int i = 0; i < maps; i++) {
    a[F_MAPS + 3 * i] = tensor(K * N);
    a[F_MAPS + 3 * i + 1] = dice(2) ? tensor(N) : 0;
    a[F_MAPS + 3 * i + 2] = tensor(M * N);
  }
  for (int c = 0; c < maps * ((N + columns - 1) / columns); c++) few_rows(a, c);
}

int main(void) {
  memory = aligned_alloc(64, ARENA);
#if TILES
  ask_for_tiles();
#endif
  for (int i = 0; i < 150; i++) products(), attention(), rows(), decoding(), few();
  for (int i = 0; i < 150; i++) moves(), orders(), images();
  for (int i = 0; i < 12; i++) boards();
  printf("clean\n");
  return 0;
}

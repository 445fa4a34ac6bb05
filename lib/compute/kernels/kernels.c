// The kernels of the shared-memory backend: one source for WebAssembly and for the user's own CPU.
//
// Every kernel is `void name(const int *a, int chunk)`: `a` are 32-bit arguments in the shared
// memory (byte offsets of tensors, sizes, float bits), `chunk` says which part of the output to
// make. Chunks write disjoint outputs and sum in an order that depends on the sizes alone, so a
// result is the same to the bit for any number of threads. TypeScript has checked every size and
// offset; tensors are followed by at least 64 readable bytes.
//
// Plain loops are left to the compiler's vectoriser; only the matrix product is written in vectors,
// and in tiles where the CPU has them.

#define _GNU_SOURCE  // for dladdr
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
INLINE int up(int n, int to) { return (n + to - 1) / to * to; }

#ifdef __wasm__
#define EXPORT __attribute__((visibility("default")))
#define AT(offset) ((char *)(uintptr_t)(uint32_t)(offset))
#else
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#define EXPORT __attribute__((visibility("default")))
static _Thread_local char *memory;  // of the pool that this thread works for
#define AT(offset) (memory + (uint32_t)(offset))
#endif

#define F(i) ((float *)AT(a[i]))
#define I(i) ((int *)AT(a[i]))
#define B(i) ((uint8_t *)AT(a[i]))

#include "numbers.h"
#include "sums.h"
#include "product.h"
#include "move.h"
#include "elementwise.h"
#include "reduce.h"
#include "order.h"
#include "window.h"
#include "norm.h"
#include "attention.h"
#include "convolution.h"
#include "loss.h"
#include "decode.h"

// In the order of KERNELS in machine.ts.
typedef void kernel(const int *a, int chunk);
static kernel *const kernels[] = {
    gemm, fill, transpose, copy_rows, gather, scatter_add, one_hot, cast, where, unary, binary,
    reduce_rows, reduce_part, sum_columns, arg_rows, softmax, norm, norm_back, attend, attend_back,
    turn_heads, cross_entropy, cross_entropy_back, adamw, flip_taps,
    conv_boards, conv_boards_weight, conv_points, conv_taps, keep_rows, attend_pages, few_rows,
    test, unary_int, binary_int, binary_bool, transpose_bytes, copy_bytes, reduce_int, reduce_bool,
    arg_rows_int, scan, scan_int, top_rows, pool_windows, resize, depthwise,
    count_rows, pool_back, split_points};

#include "threads.h"

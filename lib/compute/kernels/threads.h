// The pool of threads that a kernel's chunks are handed to; `kernels` is the table in kernels.c.

// One job at a time. A thread joins by counting itself in `active` and then seeing `open`; the
// caller closes the job and waits until nobody is in it, so that nobody can meet the next one's
// arguments with this one's chunk. A thread that is late or gone costs time, never a chunk.
struct pool {
  int open, epoch, asleep, threads, dead;
  int chunks, op;
  const int *args;
#ifndef __wasm__
  char *memory;
  pthread_mutex_t lock;
  pthread_cond_t ready;
  pthread_t helpers[256];
#endif
  int next __attribute__((aligned(64)));
  int active __attribute__((aligned(64)));
};

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, v) __atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)
#define ADD(x, v) __atomic_fetch_add(&(x), v, __ATOMIC_SEQ_CST)

#ifdef __wasm__
#define SPINS 20000
#define PAUSE() ((void)0)
static void sleep_until_job(struct pool *p, int seen) {
  __builtin_wasm_memory_atomic_wait32(&p->epoch, seen, 1000000000LL);
}
static void wake(struct pool *p) { __builtin_wasm_memory_atomic_notify(&p->epoch, 0xffffffffu); }
static void nap(struct pool *p) {  // a tenth of a millisecond
  int value = LOAD(p->active);
  if (value) __builtin_wasm_memory_atomic_wait32(&p->active, value, 100000LL);
}
#else
#define SPINS 25000  // about a millisecond: longer than JavaScript takes from one kernel to the next
#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif
static void sleep_until_job(struct pool *p, int seen) {
  pthread_mutex_lock(&p->lock);
  while (LOAD(p->epoch) == seen) pthread_cond_wait(&p->ready, &p->lock);
  pthread_mutex_unlock(&p->lock);
}
static void wake(struct pool *p) {
  pthread_mutex_lock(&p->lock);
  pthread_cond_broadcast(&p->ready);
  pthread_mutex_unlock(&p->lock);
}
static void nap(struct pool *p) {
  (void)p;
  struct timespec t = {0, 100000};
  nanosleep(&t, 0);
}
#endif

static void take_chunks(struct pool *p) {
  kernel *k = kernels[p->op];
  const int *args = p->args, chunks = p->chunks;
  for (int c; (c = ADD(p->next, 1)) < chunks;) k(args, c);
}

// A helper's life. Returns when the number of threads is set to its own or below.
static void help(struct pool *p, int thread) {
  int seen = LOAD(p->epoch);
  while (thread < LOAD(p->threads)) {
    for (int i = 0; i < SPINS && LOAD(p->epoch) == seen; i++) PAUSE();
    if (LOAD(p->epoch) == seen) {
      ADD(p->asleep, 1);
      if (LOAD(p->epoch) == seen) sleep_until_job(p, seen);
      ADD(p->asleep, -1);
      continue;
    }
    seen = LOAD(p->epoch);
    ADD(p->active, 1);
    if (LOAD(p->open)) take_chunks(p);
    ADD(p->active, -1);
  }
}

// 0 done; 1 a helper died; 2 a helper has been silent for a minute; 3 no such kernel.
static int run_in(struct pool *p, int op, const int *args, int chunks) {
  if (op < 0 || op >= (int)(sizeof kernels / sizeof *kernels)) return 3;
  if (LOAD(p->dead)) return 1;
  if (chunks < 2 || LOAD(p->threads) < 2) {
    for (int c = 0; c < chunks; c++) kernels[op](args, c);
    return 0;
  }
  p->op = op;
  p->args = args;
  p->chunks = chunks;
  STORE(p->next, 0);
  STORE(p->open, 1);
  ADD(p->epoch, 1);
  if (LOAD(p->asleep)) wake(p);
  take_chunks(p);
  STORE(p->open, 0);
  for (int i = 0; i < SPINS * 20 && LOAD(p->active); i++) PAUSE();
  for (int naps = 0; LOAD(p->active); naps++) {
    if (LOAD(p->dead)) return 1;
    if (naps > 600000) return 2;
    nap(p);
  }
  return LOAD(p->dead);
}

static void set_threads_of(struct pool *p, int n) {
  STORE(p->threads, n);
  ADD(p->epoch, 1);
  wake(p);
}

// What TypeScript must know of this build: the kernels' count, the lanes of a vector, the rows that
// the matrix product makes at a time, and whether it is made of tiles here.
EXPORT int describe(int what) {
#if TILES
  const int tiles = tiles_allowed;
#else
  const int tiles = 0;
#endif
  return ((int[]){(int)(sizeof kernels / sizeof *kernels), VL, MR, tiles})[what & 3];
}

#ifdef __wasm__
static struct pool pool;  // in the memory, so that all instances share it
EXPORT void set_threads(int n) { set_threads_of(&pool, n); }
EXPORT void work(int thread) { help(&pool, thread); }
EXPORT void died(void) { STORE(pool.dead, 1); }
EXPORT int run(int op, uint32_t args, int chunks) {
  return run_in(&pool, op, (const int *)AT(args), chunks);
}
#else
struct start {
  struct pool *pool;
  int thread;
};
static void *helper(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  memory = start.pool->memory;
  help(start.pool, start.thread);
  return 0;
}

// A pool of n threads, the caller included, over the `limit` bytes reserved at `base`; fewer if the system gives
// fewer, null if it gives no room. Each memory has a pool of its own.
EXPORT struct pool *open_pool(char *base, size_t limit, int n) {
  // Helpers live in this code: it must stay when whoever loaded it lets go of it.
  Dl_info self;
  if (dladdr((void *)(intptr_t)open_pool, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
#ifdef MADV_HUGEPAGE
  // Large pages for the whole range that the memory may grow into: far fewer address look-ups.
  madvise(base, limit, MADV_HUGEPAGE);
#else
  (void)limit;
#endif
#if TILES
  ask_for_tiles();
#endif
  struct pool *p = aligned_alloc(64, (sizeof(struct pool) + 63) / 64 * 64);
  if (!p) return 0;
  __builtin_memset(p, 0, sizeof *p);
  p->memory = base;
  pthread_mutex_init(&p->lock, 0);
  pthread_cond_init(&p->ready, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 2 << 20);
  p->threads = n;
  for (int i = 1; i < n; i++) {
    struct start *start = malloc(sizeof *start);
    if (start) *start = (struct start){p, i};
    if (!start || pthread_create(&p->helpers[i], &attributes, helper, start)) {
      free(start);
      STORE(p->threads, i);
      break;
    }
  }
  pthread_attr_destroy(&attributes);
  return p;
}
EXPORT int count_threads(struct pool *p) { return LOAD(p->threads); }
EXPORT void close_pool(struct pool *p) {
  int n = LOAD(p->threads);
  set_threads_of(p, 0);
  for (int i = 1; i < n; i++) pthread_join(p->helpers[i], 0);
  free(p);
}
EXPORT int run(struct pool *p, int op, uint32_t args, int chunks) {
  memory = p->memory;
  return run_in(p, op, (const int *)AT(args), chunks);
}
#endif

/* TestProgram.c - a program as the compiler would write it, by hand: linked into the tests, and built as an ELF file to
 * be loaded.
 *
 * z = x + y, rows = x's rows as i64, both for any number N of rows of 4; input `mode` (i64 scalar) asks for
 * misbehaviour. Weights: 4 floats which are added to each row. */
#include "cameo/Runtime/KernelABI.h"

enum {
  Plain = 0,
  Fail,
  FailInKernel,
  Forever,
  Hungry,
  ManyAllocs,
  Slots,
  NoOutput,
  NegativeOutput,
  UsesArena,
  HugeOutput
};

static void add(cameo_call *call, void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end) {
  const float *x = buffers[0], *y = buffers[1], *bias = call->weights;
  float *z = buffers[2];
  for (int64_t i = begin; i < end; ++i)
    for (int64_t j = 0; j < 4; ++j)
      z[i * 4 + j] = x[i * 4 + j] + y[i * 4 + j] + bias[j];
}

static void failing(cameo_call *call, void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end) {
  call->services->fail(call, CAMEO_OUT_OF_RANGE, NULL, "index %lld is out of range", begin);
}

/* Writes into memory that lives as long as the launch. */
static void scratch(cameo_call *call, void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end) {
  volatile char *memory = call->services->alloc(call, 100000);
  if (memory)
    memory[0] = memory[99999] = 1;
}

static void count(cameo_call *call, void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end) {
  int64_t *cells = buffers[0];
  for (int64_t i = begin; i < end; ++i)
    cells[i] += i;
}

static const cameo_kernel kernels[] = {{add, "add", "Add_0, Add_1", NULL},
                                       {failing, "failing", "net/Gather_3", NULL},
                                       {scratch, "scratch", "NonZero_0", NULL},
                                       {count, "count", "Loop_0", NULL}};

static void misbehave(cameo_call *call, int64_t mode, int64_t rows) {
  const cameo_services *s = call->services;
  switch (mode) {
  case Fail:
    s->fail(call, CAMEO_DIVISION_BY_ZERO, "net/Div_0", "the divisor is zero, 100% of the time", 0);
    break;
  case FailInKernel:
    s->launch(call, &kernels[1], 0, 0, 1000, 1);
    break;
  case Forever:
    while (!call->status)
      s->launch(call, &kernels[2], 0, 0, 1, 1);
    break;
  case Hungry:
    s->alloc(call, (int64_t)1 << 50);
    break;
  case ManyAllocs: {
    /* Chunks, marks and releases: the second half lands where the first was. */
    for (int64_t round = 0; round < 3; ++round) {
      int64_t mark = s->mark(call);
      for (int64_t i = 1; i < 200; ++i) {
        char *memory = s->alloc(call, i * 1000);
        if (!memory || (uintptr_t)memory % CAMEO_BUFFER_ALIGN)
          return s->fail(call, CAMEO_INTERNAL, "", "alloc number %lld went wrong", i);
        memory[0] = memory[i * 1000 - 1] = (char)i;
      }
      s->release(call, mark);
    }
    break;
  }
  case Slots: {
    int64_t *values = 0;
    for (int64_t i = 0; i < 5000; ++i) {
      values = s->slot(call, 1, (i + 1) * 8);
      if (!values)
        return;
      values[i] = i * i;
    }
    for (int64_t i = 0; i < 5000; ++i)
      if (values[i] != i * i)
        s->fail(call, CAMEO_INTERNAL, "", "slot lost value %lld", i);
    s->slot(call, 2, 8);
    break;
  }
  case NegativeOutput: {
    int64_t dims[2] = {-1, 4};
    s->output(call, 0, dims, 2);
    break;
  }
  case HugeOutput: {
    int64_t dims[2] = {(int64_t)1 << 61, 4};
    s->output(call, 0, dims, 2);
    break;
  }
  case UsesArena: {
    void *buffers[1] = {s->arena(call, 8 << 20)};
    int64_t tiles = rows * 1000;
    if (!buffers[0])
      return;
    for (int64_t i = 0; i < tiles; ++i)
      ((int64_t *)buffers[0])[i] = 0;
    for (int i = 0; i < 20; ++i)
      s->launch(call, &kernels[3], buffers, 0, tiles, 1);
    for (int64_t i = 0; i < tiles; ++i)
      if (((int64_t *)buffers[0])[i] != 20 * i)
        s->fail(call, CAMEO_INTERNAL, "", "tile %lld did not run 20 times", i);
    break;
  }
  }
}

static int32_t entry(cameo_call *call) {
  const cameo_services *s = call->services;
  int64_t rows = call->inputs[0].dims[0], mode = *(const int64_t *)call->inputs[2].data;
  misbehave(call, mode, rows);
  int64_t dims[2] = {rows, 4};
  void *buffers[3] = {call->inputs[0].data, call->inputs[1].data, s->output(call, 0, dims, 2)};
  s->launch(call, &kernels[0], buffers, 0, rows, 16);
  if (mode == NoOutput)
    return 0;
  int64_t *out = s->output(call, 1, 0, 0);
  if (out)
    *out = rows;
  return 0;
}

static const int64_t rowDims[] = {-1, 4};
static const char *const rowSymbols[] = {"N", 0};
static const cameo_value_info inputs[] = {
    {"x", CAMEO_F32, 2, rowDims, rowSymbols}, {"y", CAMEO_F32, 2, rowDims, rowSymbols}, {"mode", CAMEO_I64, 0, 0, 0}};
static const cameo_value_info outputs[] = {{"z", CAMEO_F32, 2, rowDims, rowSymbols}, {"rows", CAMEO_I64, 0, 0, 0}};
static const cameo_variant variants[] = {{"imaginary", 1ull << 62, entry, kernels, 4, NULL},
                                         {"baseline", 0, entry, kernels, 4, NULL}};

#ifdef CAMEO_TEST_FILE
/* Where the header goes; filled in after the link. */
__attribute__((section(CAMEO_HEADER_SECTION), used)) static const cameo_file_header header;
#define PROGRAM cameo_program_v1
#define WEIGHTS 0
#else
static const float weights[] = {0.25f, 0.5f, 0.75f, 1};
#define PROGRAM cameo_test_program
#define WEIGHTS weights
#endif
extern const cameo_program_info PROGRAM;
__attribute__((visibility("default"))) const cameo_program_info PROGRAM = {sizeof(cameo_program_info),
                                                                           CAMEO_ABI_VERSION,
                                                                           "test",
                                                                           "{}",
                                                                           inputs,
                                                                           3,
                                                                           outputs,
                                                                           2,
                                                                           variants,
                                                                           2,
                                                                           WEIGHTS,
                                                                           16,
                                                                           -1,
                                                                           3,
                                                                           0,
                                                                           0,
                                                                           0,
                                                                           0};

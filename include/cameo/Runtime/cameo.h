/* cameo.h - the C interface of the runtime: load a compiled program, give it inputs, run it, read its outputs.
 *
 *   cameo_program *program;
 *   cameo_context *context;
 *   cameo_error error;
 *   if (cameo_program_load("model.cameo", NULL, &program, &error) ||
 *       cameo_context_create(program, NULL, &context, &error))
 *     return puts(error.message), 1;
 *
 * Ownership: a program is immutable and may be shared by any number of threads and contexts. A context is one caller's
 * state (bound inputs, outputs, working memory); one thread at a time may use it, except for cameo_context_cancel. A
 * context keeps its program alive, so the two can be released in any order.
 *
 * Errors: every function that can fail returns a cameo_code (CAMEO_OK is 0) and, where `error` is not null, writes the
 * code and one sentence there. No function throws, aborts or prints. After any error the objects stay usable. Only
 * `error` and what says so may be null; functions that give a code answer CAMEO_INVALID_ARGUMENT to other nulls.
 *
 * Tensors are all that there is: a sequence or an optional of the model is several of them, whose names and forms
 * runtime/README.md gives.
 *
 * Versioning: structures that begin with `struct_size` (options, cameo_trace_event, cameo_api) only grow at their end;
 * all others are as they are until CAMEO_API_VERSION changes, or for those of KernelABI.h CAMEO_ABI_VERSION. Functions
 * are only added. A program that wants to be independent of the library's symbol table takes everything from
 * cameo_get_api.
 */
#ifndef CAMEO_RUNTIME_CAMEO_H
#define CAMEO_RUNTIME_CAMEO_H

#include "cameo/Runtime/KernelABI.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CAMEO_API __attribute__((visibility("default")))
#else
#define CAMEO_API
#endif

#define CAMEO_API_VERSION 1u

typedef struct cameo_program cameo_program;
typedef struct cameo_context cameo_context;

typedef struct cameo_error {
  int32_t code;       /* cameo_code */
  char message[1020]; /* lower case, no final stop, always terminated; empty when code is CAMEO_OK */
} cameo_error;

typedef struct cameo_program_options {
  uint32_t struct_size;    /* sizeof(cameo_program_options) */
  uint32_t verify_weights; /* 1: read all weights and compare their digest while loading */
  const char *variant;     /* run this code variant ("x86-64-v3"); null: the best one the target can run */
  /* What runs the kernels: null or "cpu", or "cuda:0" for the first NVIDIA GPU ("cuda:sim" is a simulator for tests).
   * Inputs and outputs are in the host's memory all the same, unless they are bound on the device. CAMEO_NO_DEVICE
   * where it is not there or too old. "none": the program can be looked at, not run. */
  const char *target;
} cameo_program_options;

/* What one thread did of a launch. */
typedef struct cameo_thread_span {
  uint32_t thread; /* 0: the one that runs the program; workers are numbered as they join the launch */
  int64_t start_ns;
  int64_t duration_ns;
  int64_t tiles; /* that it computed, more than 0 */
} cameo_thread_span;

/* One finished kernel launch. The strings live as long as the program, the spans until the callback returns. */
typedef struct cameo_trace_event {
  uint32_t struct_size;
  uint32_t threads;   /* threads that were allowed to take part */
  const char *kernel; /* "conv2d_relu_17" */
  const char *nodes;  /* ONNX node names it came from, joined by ", " */
  int64_t start_ns;   /* CLOCK_MONOTONIC */
  int64_t duration_ns;
  int64_t tiles;                  /* size of the launch's parallel iteration space */
  uint64_t launch;                /* number of the launch in the program, as in `launches` of its metadata */
  const cameo_thread_span *spans; /* of the threads that took part */
  uint64_t num_spans;
} cameo_trace_event;

typedef void (*cameo_trace_fn)(void *user, const cameo_trace_event *event);

typedef struct cameo_context_options {
  uint32_t struct_size;   /* sizeof(cameo_context_options) */
  uint32_t threads;       /* 0: as many as affinity mask and cgroup quota allow; 1: only the calling thread */
  uint64_t memory_budget; /* bytes of working memory and runtime-owned outputs, on the host and again on a device; 0:
                             what there is */
  cameo_trace_fn trace;   /* called on the running thread after each kernel launch; null: no tracing, no cost */
  void *trace_user;
  /* A CUstream of the program's GPU, in whose order a context does its work, among what others put there; it must
   * outlive the context. Null: a stream of its own, ordered with no other: inputs on the device are complete before a
   * run is started, and outputs are read after cameo_context_synchronize. CAMEO_INVALID_ARGUMENT on the CPU. */
  void *stream;
} cameo_context_options;

/* A tensor as the caller sees it: dense, row-major. Elements below 8 bits share bytes: cameo_dtype says how. The
 * elements of a tensor of strings are of type cameo_text; where those of an output point lives until the second run
 * after it. */
typedef struct cameo_tensor {
  const void *data;
  uint32_t dtype; /* cameo_dtype */
  uint32_t rank;
  const int64_t *dims;
} cameo_tensor;

/* ---- Programs ---- */

/* Checks the file (format, versions, digests of header and code, CPU features) before any of its code is mapped for
 * execution. A program file is code: load only files you trust, the digests find damage and not malice. Fails:
 * CAMEO_IO (the file cannot be read), CAMEO_INVALID_PROGRAM (it is no program), CAMEO_DAMAGED, CAMEO_VERSION_MISMATCH,
 * CAMEO_UNSUPPORTED_CPU, CAMEO_NO_DEVICE, CAMEO_NOT_FOUND (no such variant, or no code for the target),
 * CAMEO_INVALID_ARGUMENT (a target of no known kind), CAMEO_OUT_OF_MEMORY. Null `options` are all 0. */
CAMEO_API int32_t cameo_program_load(const char *path, const cameo_program_options *options, cameo_program **program,
                                     cameo_error *error);
/* For programs linked in as a static library. `info` must outlive the program. */
CAMEO_API int32_t cameo_program_from_static(const cameo_program_info *info, const cameo_program_options *options,
                                            cameo_program **program, cameo_error *error);
CAMEO_API void cameo_program_release(cameo_program *program); /* null is allowed */
/* Reads all weights; CAMEO_OK at once for static programs, whose weights have no digest of their own. */
CAMEO_API int32_t cameo_program_verify_weights(const cameo_program *program, cameo_error *error);
/* Gives the memory that a file's weights take back to the system: what a run needs of them it reads again, from the
 * file or the system's copy of it. At any time, from any thread; programs that are linked in keep theirs. */
CAMEO_API void cameo_program_evict_weights(const cameo_program *program);

CAMEO_API const char *cameo_program_model(const cameo_program *program);    /* the ONNX file's stem */
CAMEO_API const char *cameo_program_metadata(const cameo_program *program); /* JSON object */
CAMEO_API const char *
cameo_program_variant(const cameo_program *program); /* name of the chosen code variant; "": none */
CAMEO_API const cameo_program_info *
cameo_program_tables(const cameo_program *program); /* all that the compiler wrote */
/* The variant that `target` would run, without loading anything there. */
CAMEO_API int32_t cameo_program_choose(const cameo_program *program, const char *target, const cameo_variant **variant,
                                       cameo_error *error);
CAMEO_API uint64_t cameo_program_num_inputs(const cameo_program *program);
CAMEO_API uint64_t cameo_program_num_outputs(const cameo_program *program);
CAMEO_API const cameo_value_info *cameo_program_input(const cameo_program *program, uint64_t index); /* null: no such */
CAMEO_API const cameo_value_info *cameo_program_output(const cameo_program *program, uint64_t index);
CAMEO_API int64_t cameo_program_find_input(const cameo_program *program, const char *name); /* index, or -1 */
CAMEO_API int64_t cameo_program_find_output(const cameo_program *program, const char *name);
/* Inputs whose rows an output continues, so that cameo_context_bind_cache may keep both in one memory. */
CAMEO_API uint64_t cameo_program_num_caches(const cameo_program *program);
CAMEO_API const cameo_cache_info *cameo_program_cache(const cameo_program *program, uint64_t index); /* null: no such */

/* ---- Contexts ---- */

/* A context of `program`, which it keeps alive; null `options` are all 0. Fails: CAMEO_INVALID_ARGUMENT (more than 512
 * threads, a stream for the CPU, a program that was loaded for "none"), CAMEO_OUT_OF_MEMORY (the budget does not hold
 * the working memory that is known to be needed), CAMEO_NO_DEVICE. */
CAMEO_API int32_t cameo_context_create(cameo_program *program, const cameo_context_options *options,
                                       cameo_context **context, cameo_error *error);
CAMEO_API void cameo_context_release(cameo_context *context); /* null is allowed; not during a run */

/* Binds memory to input `index`. The dims are copied; the data is borrowed, read during run only, and stays bound for
 * later runs. The data must be aligned to its element size. Type, rank and fixed sizes are checked here, sizes which
 * must agree between inputs are checked by run. Fails: CAMEO_INVALID_ARGUMENT; what was bound before is then bound no
 * longer, so that no run takes it for what was refused. */
CAMEO_API int32_t cameo_context_set_input(cameo_context *context, uint64_t index, const cameo_tensor *tensor,
                                          cameo_error *error);
/* Has run write output `index` to the caller's memory, which must hold it (else run fails), be aligned to its
 * element size and not overlap an input. A null `data` gives the output back to the runtime. After a failed run the
 * content is unspecified. Fails: CAMEO_INVALID_ARGUMENT; what was bound before stays so. */
CAMEO_API int32_t cameo_context_bind_output(cameo_context *context, uint64_t index, void *data, uint64_t bytes,
                                            cameo_error *error);
/* Binds memory to both the input and the output of cache `index`, so that a run appends to it in place. `memory` has
 * the input's sizes but for the cache's axis, where it has room for at least as many rows as the output will have (else
 * run fails), and it holds `rows` of them: a step of a decoder binds its caches with `rows` as they are, runs, and
 * binds them with as many more as it had tokens. Rows that were there are not touched. The output
 * (cameo_context_output) then has the sizes of the rows that there are, and lies in `memory` with its room. Set or bind
 * the input or the output by itself to undo this. CAMEO_INVALID_ARGUMENT where the program runs on a device with memory
 * of its own; see cameo_context_bind_device_cache. */
CAMEO_API int32_t cameo_context_bind_cache(cameo_context *context, uint64_t index, const cameo_tensor *memory,
                                           int64_t rows, cameo_error *error);
/* As the three functions above, for memory of the device that runs the program (addresses as cuMemAlloc and torch's
 * data_ptr give them): nothing is copied between it and the host. A null `data` has the runtime keep the output in its
 * own memory there, so that it may be passed back as a device input. cameo_context_output then gives the address there.
 * CAMEO_INVALID_ARGUMENT where a program runs on the CPU, where the memory is not that device's, and for strings. */
CAMEO_API int32_t cameo_context_set_device_input(cameo_context *context, uint64_t index, const cameo_tensor *tensor,
                                                 cameo_error *error);
CAMEO_API int32_t cameo_context_bind_device_output(cameo_context *context, uint64_t index, void *data, uint64_t bytes,
                                                   cameo_error *error);
CAMEO_API int32_t cameo_context_bind_device_cache(cameo_context *context, uint64_t index, const cameo_tensor *memory,
                                                  int64_t rows, cameo_error *error);
/* One inference on the calling thread and the runtime's workers. Fails: CAMEO_INVALID_ARGUMENT (an input is missing or
 * its sizes do not fit), CAMEO_OUT_OF_RANGE, CAMEO_DIVISION_BY_ZERO, CAMEO_SHAPE_MISMATCH (the data ask for what cannot
 * be; the message names the node), CAMEO_OUT_OF_MEMORY, CAMEO_CANCELLED, CAMEO_NO_DEVICE (the device failed). On a GPU,
 * runs of the same sizes and addresses are recorded as a CUDA graph, unless they are traced. */
CAMEO_API int32_t cameo_context_run(cameo_context *context, cameo_error *error);
/* Starts an inference; cameo_context_synchronize waits for it, says whether it succeeded, and copies outputs to the
 * host's memory. In between, inputs must stay as they are, outputs that stay on the device may be asked for and used in
 * the stream's order, and nothing else may be done with the context. Only wrong bindings fail here. On the CPU, and
 * where a model's control flow or sizes depend on values, most of the work is done before this returns. To
 * wait without a run that was started is CAMEO_INVALID_ARGUMENT. */
CAMEO_API int32_t cameo_context_run_async(cameo_context *context, cameo_error *error);
CAMEO_API int32_t cameo_context_synchronize(cameo_context *context, cameo_error *error);
/* Result of the last run, if that succeeded. Memory owned by the runtime stays as it is until the next run begins;
 * where that run has it bound as an input, until it has ended. So an output may be passed back as an input, as
 * recurrent state wants. Fails: CAMEO_NOT_FOUND (no run has succeeded since the last failure), CAMEO_INVALID_ARGUMENT
 * (no such output). */
CAMEO_API int32_t cameo_context_output(const cameo_context *context, uint64_t index, cameo_tensor *tensor,
                                       cameo_error *error);
/* From any thread: ends the run in progress, or else the next one, with CAMEO_CANCELLED. One call cancels one run. */
CAMEO_API void cameo_context_cancel(cameo_context *context);
CAMEO_API uint32_t cameo_context_threads(const cameo_context *context);
/* Bytes of working memory and outputs held now, and the most it ever was; the host's and the device's together. */
CAMEO_API void cameo_context_memory(const cameo_context *context, uint64_t *held, uint64_t *peak);

/* ---- Helpers ---- */

CAMEO_API const char *cameo_version(void);              /* "0.1.0" */
CAMEO_API const char *cameo_dtype_name(uint32_t dtype); /* "f32"; "?" for an unknown number */
CAMEO_API uint64_t cameo_dtype_bits(uint32_t dtype);    /* of one element, 128 for strings; 0 for unknown numbers */
/* Bytes of a dense tensor; UINT64_MAX where that is 2^63 or more, or a size is negative. */
CAMEO_API uint64_t cameo_tensor_bytes(uint32_t dtype, const int64_t *dims, uint32_t rank);
CAMEO_API const char *cameo_code_name(int32_t code); /* "invalid argument" */
CAMEO_API uint32_t cameo_default_threads(void);      /* affinity mask and cgroup quota respected */

/* The functions above as a table. Grows at its end; struct_size says how much of it this library has. */
typedef struct cameo_api {
  uint32_t struct_size;
  uint32_t api_version;
  int32_t (*program_load)(const char *, const cameo_program_options *, cameo_program **, cameo_error *);
  int32_t (*program_from_static)(const cameo_program_info *, const cameo_program_options *, cameo_program **,
                                 cameo_error *);
  void (*program_release)(cameo_program *);
  int32_t (*program_verify_weights)(const cameo_program *, cameo_error *);
  const char *(*program_model)(const cameo_program *);
  const char *(*program_metadata)(const cameo_program *);
  const char *(*program_variant)(const cameo_program *);
  uint64_t (*program_num_inputs)(const cameo_program *);
  uint64_t (*program_num_outputs)(const cameo_program *);
  const cameo_value_info *(*program_input)(const cameo_program *, uint64_t);
  const cameo_value_info *(*program_output)(const cameo_program *, uint64_t);
  int64_t (*program_find_input)(const cameo_program *, const char *);
  int64_t (*program_find_output)(const cameo_program *, const char *);
  int32_t (*context_create)(cameo_program *, const cameo_context_options *, cameo_context **, cameo_error *);
  void (*context_release)(cameo_context *);
  int32_t (*context_set_input)(cameo_context *, uint64_t, const cameo_tensor *, cameo_error *);
  int32_t (*context_bind_output)(cameo_context *, uint64_t, void *, uint64_t, cameo_error *);
  int32_t (*context_run)(cameo_context *, cameo_error *);
  int32_t (*context_output)(const cameo_context *, uint64_t, cameo_tensor *, cameo_error *);
  void (*context_cancel)(cameo_context *);
  uint32_t (*context_threads)(const cameo_context *);
  void (*context_memory)(const cameo_context *, uint64_t *, uint64_t *);
  const char *(*version)(void);
  const char *(*dtype_name)(uint32_t);
  uint64_t (*dtype_bits)(uint32_t);
  uint64_t (*tensor_bytes)(uint32_t, const int64_t *, uint32_t);
  const char *(*code_name)(int32_t);
  uint32_t (*default_threads)(void);
  const cameo_program_info *(*program_tables)(const cameo_program *);
  int32_t (*program_choose)(const cameo_program *, const char *, const cameo_variant **, cameo_error *);
  uint64_t (*program_num_caches)(const cameo_program *);
  const cameo_cache_info *(*program_cache)(const cameo_program *, uint64_t);
  int32_t (*context_bind_cache)(cameo_context *, uint64_t, const cameo_tensor *, int64_t, cameo_error *);
  void (*program_evict_weights)(const cameo_program *);
  int32_t (*context_set_device_input)(cameo_context *, uint64_t, const cameo_tensor *, cameo_error *);
  int32_t (*context_bind_device_output)(cameo_context *, uint64_t, void *, uint64_t, cameo_error *);
  int32_t (*context_bind_device_cache)(cameo_context *, uint64_t, const cameo_tensor *, int64_t, cameo_error *);
  int32_t (*context_run_async)(cameo_context *, cameo_error *);
  int32_t (*context_synchronize)(cameo_context *, cameo_error *);
} cameo_api;

/* The table of version `version`, or null when this library is older than that. */
CAMEO_API const cameo_api *cameo_get_api(uint32_t version);

#ifdef __cplusplus
}
#endif
#endif

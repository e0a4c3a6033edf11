/* KernelABI.h - where compiled code and the runtime meet.
 *
 * The compiler includes this file to know what it must emit, the runtime to know what it must provide; beside Digest.h
 * it is the only header both share. C, freestanding, no other include than <stdint.h>/<stddef.h>. Any change of a
 * structure's size, order or meaning raises CAMEO_ABI_VERSION. Sizes are asserted at the bottom, because
 * compiled programs hold the offsets.
 *
 * The shape of a run:
 *   runtime checks inputs against the signature -> calls entry(call) -> the entry function computes sizes, asks for the
 * arena, launches kernels, asks for each output's buffer -> returns. Any failure sets call->status; from then on every
 * service is a no-op (alloc returns a null pointer, launch returns at once), so compiled code never needs to unwind.
 */
#ifndef CAMEO_RUNTIME_KERNELABI_H
#define CAMEO_RUNTIME_KERNELABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAMEO_ABI_VERSION 7u
#define CAMEO_FORMAT_MAJOR 1u
#define CAMEO_FORMAT_MINOR 0u
#define CAMEO_MAGIC "CAMEO\r\n\x1a" /* 8 bytes, without the terminator */
#define CAMEO_HEADER_SECTION ".cameo.header"
#define CAMEO_WEIGHTS_SECTION ".cameo.weights"
#define CAMEO_PROGRAM_SYMBOL "cameo_program_v1"
#define CAMEO_MAX_RANK 64
/* Alignment of the arena, of every buffer in it and of every weight, in bytes. */
#define CAMEO_BUFFER_ALIGN 64

/* Element types. The numbers are those of ONNX TensorProto.DataType. Types below 8 bits are packed, the first element
 * in the low bits of a byte; what is left of a buffer's last byte is unspecified. */
typedef enum cameo_dtype {
  CAMEO_F32 = 1,
  CAMEO_U8 = 2,
  CAMEO_I8 = 3,
  CAMEO_U16 = 4,
  CAMEO_I16 = 5,
  CAMEO_I32 = 6,
  CAMEO_I64 = 7,
  CAMEO_STRING = 8,
  CAMEO_BOOL = 9 /* one byte, 0 or 1 */,
  CAMEO_F16 = 10,
  CAMEO_F64 = 11,
  CAMEO_U32 = 12,
  CAMEO_U64 = 13,
  CAMEO_COMPLEX64 = 14,
  CAMEO_COMPLEX128 = 15,
  CAMEO_BF16 = 16,
  CAMEO_F8E4M3FN = 17,
  CAMEO_F8E4M3FNUZ = 18,
  CAMEO_F8E5M2 = 19,
  CAMEO_F8E5M2FNUZ = 20,
  CAMEO_U4 = 21,
  CAMEO_I4 = 22,
  CAMEO_F4E2M1 = 23,
  CAMEO_F8E8M0 = 24,
  CAMEO_U2 = 25,
  CAMEO_I2 = 26
} cameo_dtype;

/* An element of a tensor of strings, as the caller sees it: bytes, UTF-8 by convention, without a terminator. To
 * compiled code it is the number (int64_t) of its text: 0 is the empty text, 1 to num_texts are the program's own, and
 * the rest are those that the run met. Equal texts have equal numbers. */
typedef struct cameo_text {
  const char *data;
  uint64_t bytes;
} cameo_text;

/* Codes of call->status and of the public API's status values. */
typedef enum cameo_code {
  CAMEO_OK = 0,
  CAMEO_INVALID_ARGUMENT = 1, /* an input does not fit the signature */
  CAMEO_OUT_OF_RANGE = 2,     /* an index read from a tensor points outside */
  CAMEO_DIVISION_BY_ZERO = 3,
  CAMEO_OUT_OF_MEMORY = 4, /* allocation failed or the budget is exceeded */
  CAMEO_CANCELLED = 5,
  CAMEO_INVALID_PROGRAM = 6, /* the file is damaged, or not a program */
  CAMEO_UNSUPPORTED_CPU = 7,
  CAMEO_VERSION_MISMATCH = 8,
  CAMEO_NOT_FOUND = 9, /* a variant or target that the program lacks; an output before a run gave it */
  CAMEO_IO = 10,
  CAMEO_SHAPE_MISMATCH = 11, /* sizes known only at run time do not fit together */
  CAMEO_INTERNAL = 12,
  CAMEO_DAMAGED = 13,  /* a digest stored in the file does not match its content */
  CAMEO_NO_DEVICE = 14 /* the device that was asked for is not there, or is too old */
} cameo_code;

/* CPU features that a code variant may need (bits of cameo_variant.features and cameo_file_header.features). */
enum {
  CAMEO_CPU_SSE42 = 1u << 0,
  CAMEO_CPU_AVX = 1u << 1,
  CAMEO_CPU_AVX2 = 1u << 2,
  CAMEO_CPU_FMA = 1u << 3,
  CAMEO_CPU_F16C = 1u << 4,
  CAMEO_CPU_BMI2 = 1u << 5,
  CAMEO_CPU_AVX512F = 1u << 6,
  CAMEO_CPU_AVX512BW = 1u << 7,
  CAMEO_CPU_AVX512VL = 1u << 8,
  CAMEO_CPU_AVX512DQ = 1u << 9,
  CAMEO_CPU_AVX512CD = 1u << 10,
  CAMEO_CPU_AVX512VNNI = 1u << 11,
  CAMEO_CPU_AVX512BF16 = 1u << 12,
  CAMEO_CPU_AVX512VBMI = 1u << 13,
  CAMEO_CPU_POPCNT = 1u << 14,
  CAMEO_CPU_MOVBE = 1u << 15,
  CAMEO_CPU_LZCNT = 1u << 16
};

typedef struct cameo_call cameo_call;

/* One input as the entry function sees it: dense, row-major. Written by the runtime. */
typedef struct cameo_buffer {
  void *data;
  const int64_t *dims;
} cameo_buffer;

/* A compiled kernel. `buffers` are dense row-major arrays, `sizes` the run-time sizes the kernel asked for, both in an
 * order only the compiler knows. Runs the slice [begin, end) of its parallel iteration space; slices may run
 * concurrently. */
typedef void (*cameo_kernel_fn)(cameo_call *call, void *const *buffers, const int64_t *sizes, int64_t begin,
                                int64_t end);

/* A failure that code of a device can record. */
typedef struct cameo_fail_site {
  int32_t code; /* cameo_code */
  uint32_t reserved;
  const char *message; /* as in cameo_services.fail */
} cameo_fail_site;

/* How a kernel of a device is started. Its parameters, all of 8 bytes: the address of a cameo_device_failure, the
 * buffers, the sizes, the number of tiles. A block runs `tiles_per_block` tiles; threads that have none return at once.
 */
typedef struct cameo_device_kernel {
  const char *symbol; /* in the variant's image */
  uint32_t num_buffers;
  uint32_t num_sizes;
  uint32_t threads; /* of a block */
  uint32_t tiles_per_block;
  uint32_t shared_bytes; /* asked for at launch */
  uint32_t num_fail_sites;
  const cameo_fail_site *fail_sites;
} cameo_device_kernel;

/* In the device's memory, one for each launch site: the first failure there. The runtime clears it before a run. */
typedef struct cameo_device_failure {
  uint32_t number; /* of the kernel's fail site, from 1; 0: none */
  uint32_t reserved;
  int64_t value;
} cameo_device_failure;

/* Written by the compiler; the runtime starts it, and names it in traces, profiles and messages. */
typedef struct cameo_kernel {
  cameo_kernel_fn fn;                /* null: a kernel of the variant's device */
  const char *name;                  /* "conv2d_relu_17" */
  const char *nodes;                 /* ONNX node names it came from, joined by ", " */
  const cameo_device_kernel *device; /* null: a kernel of the CPU */
} cameo_kernel;

/* Services for compiled code. Written by the runtime. Every entry may be called only by the thread that runs entry(),
 * except `fail`, which any thread of a kernel may call. After a failure they do nothing and return null. */
typedef struct cameo_services {
  uint32_t struct_size;
  uint32_t abi_version;
  /* Runs kernel->fn over [0, tiles), split over threads in pieces of at least `grain`. Polls for cancellation. Memory
   * which the kernel takes by `alloc` is released when the launch ends. */
  void (*launch)(cameo_call *call, const cameo_kernel *kernel, void *const *buffers, const int64_t *sizes,
                 int64_t tiles, int64_t grain);
  /* The planned arena, `bytes` long, kept by the context between calls. Asked for once per call, before any kernel.
   * Cannot fail: the runtime reserves cameo_program_info.arena_bytes before it calls entry(). */
  void *(*arena)(cameo_call *call, int64_t bytes);
  /* Memory whose size is known only during the call; released by `release` down to a mark, or at the end of the call.
   * A negative size or one above the budget is CAMEO_OUT_OF_MEMORY. */
  void *(*alloc)(cameo_call *call, int64_t bytes);
  int64_t (*mark)(cameo_call *call);
  void (*release)(cameo_call *call, int64_t mark);
  /* Growable buffer number `slot` (loop-carried values, scan outputs): at least `bytes` long, old content kept,
   * survives `release`. The pointer is valid until the next `slot` call with the same number. */
  void *(*slot)(cameo_call *call, int64_t slot, int64_t bytes);
  /* The buffer for output number `index` with these sizes; where the caller bound one, that one (its sizes are
   * checked). */
  void *(*output)(cameo_call *call, int64_t index, const int64_t *dims, int64_t rank);
  /* Records the first failure. `node` is an ONNX node name, `message` a sentence without final stop; both static
   * strings. A "%lld" in the message is replaced by `value`. */
  void (*fail)(cameo_call *call, int32_t code, const char *node, const char *message, int64_t value);
  /* Texts by number; all give 0 after a failure. Like the services above, they may be called by one thread only: a
   * kernel that calls them has one tile. */
  int64_t (*text_concat)(cameo_call *call, int64_t first, int64_t second);
  /* In upper case or lower case, character by character. */
  int64_t (*text_case)(cameo_call *call, int64_t text, int64_t to_upper);
  /* Splits at `delimiter`, at most `most` times; the empty delimiter stands for runs of white space. The number of
   * pieces, which text_piece then gives until the next split. */
  int64_t (*text_split)(cameo_call *call, int64_t text, int64_t delimiter, int64_t most);
  int64_t (*text_piece)(cameo_call *call, int64_t index);
  /* 1 when the automaton accepts the whole text, byte by byte from state 0: row s of `automaton` holds the next state
   * for each of 256 bytes, then 1 if s accepts. */
  int64_t (*text_match)(cameo_call *call, int64_t text, const int32_t *automaton);
  /* The text as a number: the bits of a double if `is_float`, else an int64_t. CAMEO_INVALID_ARGUMENT when it is none.
   */
  int64_t (*text_to_number)(cameo_call *call, int64_t text, int64_t is_float);
  /* The shortest text that reads back as this number: `digits` is 24 for the bits of a double that holds a float, 53
   * for those of a double, 64 for an int64_t and 65 for a uint64_t. */
  int64_t (*number_to_text)(cameo_call *call, int64_t number, int64_t digits);
  /* Variants with a device see addresses of its memory: all that the services above and cameo_buffer give. The entry
   * function reaches what lies there by these three; a kernel of the CPU works on fetched copies. */
  void (*copy)(cameo_call *call, void *target, const void *source, int64_t bytes);
  /* Waits for the kernels before, and gives a copy in the host's memory, which lives as long as what `alloc` gives;
   * with a null source only the memory. */
  void *(*fetch)(cameo_call *call, const void *source, int64_t bytes);
  void (*store)(cameo_call *call, void *target, const void *host, int64_t bytes);
  /* Finds, from left to right, the longest that `automaton` accepts: what it finds, or what stands `between`, are the
   * tokens as far as they have `least` characters. Their number; text_piece gives them. A negative text: the tokens of
   * each of the pieces so far. The automaton is one of text_match whose first three rows are its states at the
   * beginning of a text, behind a byte that belongs to no word, and behind one that does (of A-Z, a-z, 0-9 and _);
   * accepting is 1 at the end of a text, plus 2 before such a byte, plus 4 before any other. */
  int64_t (*text_tokens)(cameo_call *call, int64_t text, const int32_t *automaton, int64_t least, int64_t between);
  /* MurmurHash3_x86_32 of its bytes. */
  int64_t (*text_hash)(cameo_call *call, int64_t text, int64_t seed);
  /* Pictures; the rules of the services for texts hold. Size of the picture in a file of `bytes` bytes: its height for
   * axis 0, its width for axis 1. CAMEO_INVALID_ARGUMENT when it is no picture. */
  int64_t (*image_size)(cameo_call *call, const uint8_t *file, int64_t bytes, int64_t axis);
  /* Decodes it, if it has this size; the number of its pixels, which image_pixel then gives until the next picture: red
   * in the lowest eight bits, then green, then blue. */
  int64_t (*image_decode)(cameo_call *call, const uint8_t *file, int64_t bytes, int64_t height, int64_t width);
  int64_t (*image_pixel)(cameo_call *call, int64_t index);
  /* 1 when the bytes of the first text come before those of the second. */
  int64_t (*text_less)(cameo_call *call, int64_t first, int64_t second);
} cameo_services;

/* One run. Written by the runtime before entry() is called. */
struct cameo_call {
  uint32_t struct_size;
  uint32_t status; /* a cameo_code; written through services->fail only */
  const cameo_services *services;
  const void *weights;        /* start of the weights section */
  const cameo_buffer *inputs; /* in the signature's order */
  void *runtime;              /* the runtime's own */
  /* For each cache of the program: how many rows there is room for in the memory that its input and output share, or 0
   * where each has dense memory of its own. Written by the runtime. */
  const int64_t *cache_rows;
};

/* An input and an output that continues it along an axis, as the keys of a decoder's tokens: the output is the input's
 * rows with new ones behind them. Both may lie in one memory that has room for more rows; then the rows of each index
 * of the axes before lie where they would if the room was full, and only new rows are written. Written by the compiler.
 */
typedef struct cameo_cache_info {
  uint32_t input;
  uint32_t output;
  uint32_t axis;
  uint32_t reserved;
} cameo_cache_info;

typedef struct cameo_value_info {
  const char *name;
  uint32_t dtype; /* cameo_dtype */
  uint32_t rank;
  const int64_t *dims; /* rank entries; -1 where the size is known only at run time */
  const char *const
      *symbols; /* rank entries; name of a dynamic size, or null. Equal names in inputs mean equal sizes. */
} cameo_value_info;

/* Code of a device that all kernels of a variant are in. */
typedef struct cameo_device_code {
  const char *device;   /* "cuda" */
  const char *image;    /* for "cuda" PTX, terminated by a zero */
  uint64_t image_bytes; /* without the zero */
} cameo_device_code;

/* Code for one CPU level, or for one architecture of a device. Variants of a kind are ordered best first; the runtime
 * takes the first that the machine can run. */
typedef struct cameo_variant {
  const char *name;  /* "x86-64-v4", "znver4"; "sm_80" */
  uint64_t features; /* CAMEO_CPU_*, of the entry function where the kernels are a device's */
  int32_t (*entry)(cameo_call *call);
  const cameo_kernel *kernels;
  uint64_t num_kernels;
  const cameo_device_code *device; /* null: the CPU */
} cameo_variant;

/* What the symbol CAMEO_PROGRAM_SYMBOL (or cameo_<name>_program in a static library) points at. Written by the
 * compiler. */
typedef struct cameo_program_info {
  uint32_t struct_size;
  uint32_t abi_version;
  const char *model;    /* the ONNX file's stem */
  const char *metadata; /* JSON object: compiler version, options, opsets */
  const cameo_value_info *inputs;
  uint64_t num_inputs;
  const cameo_value_info *outputs;
  uint64_t num_outputs;
  const cameo_variant *variants;
  uint64_t num_variants;
  const void *weights; /* null when the weights are in the file's weights section */
  uint64_t weights_bytes;
  int64_t arena_bytes;     /* what `arena` will be asked for; -1 when it depends on the inputs' sizes */
  uint64_t num_slots;      /* `slot` numbers are below this */
  const cameo_text *texts; /* all different, none empty */
  uint64_t num_texts;
  const cameo_cache_info *caches; /* no input or output is in two of them */
  uint64_t num_caches;
} cameo_program_info;

/* Content of the section CAMEO_HEADER_SECTION: what can be checked before any code of the file runs. Little-endian.
 * Written by the compiler after the link. */
typedef struct cameo_file_header {
  uint8_t magic[8];
  uint32_t header_bytes;
  uint32_t format_major;
  uint32_t format_minor;
  uint32_t abi_version;
  uint64_t features;       /* the least any variant needs */
  uint64_t file_bytes;     /* size of the whole file */
  uint64_t weights_offset; /* in the file; a multiple of 4096 */
  uint64_t weights_bytes;
  uint8_t code_sha256[32];    /* the file without header section and weights, in file order */
  uint8_t weights_sha256[32]; /* the weights section */
  uint8_t header_sha256[32];  /* all fields above */
} cameo_file_header;

#if defined(__cplusplus)
#define CAMEO_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " is part of the program format")
#else
#define CAMEO_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " is part of the program format")
#endif
CAMEO_ASSERT_SIZE(cameo_buffer, 16);
CAMEO_ASSERT_SIZE(cameo_fail_site, 16);
CAMEO_ASSERT_SIZE(cameo_device_kernel, 40);
CAMEO_ASSERT_SIZE(cameo_device_failure, 16);
CAMEO_ASSERT_SIZE(cameo_device_code, 24);
CAMEO_ASSERT_SIZE(cameo_kernel, 32);
CAMEO_ASSERT_SIZE(cameo_text, 16);
CAMEO_ASSERT_SIZE(cameo_services, 200);
CAMEO_ASSERT_SIZE(cameo_call, 48);
CAMEO_ASSERT_SIZE(cameo_cache_info, 16);
CAMEO_ASSERT_SIZE(cameo_value_info, 32);
CAMEO_ASSERT_SIZE(cameo_variant, 48);
CAMEO_ASSERT_SIZE(cameo_program_info, 136);
CAMEO_ASSERT_SIZE(cameo_file_header, 152);
#undef CAMEO_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif

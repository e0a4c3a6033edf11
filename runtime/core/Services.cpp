// Services.cpp - what compiled code may ask the runtime for (cameo_services).
// The arguments come from compiled code, whose sizes can come from a model's data; so sizes and indices are checked
// here too.
#include "Context.h"
#include "Error.h"
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <new>
#include <string>

using namespace cameo::rt;

namespace {

cameo_context &contextOf(cameo_call *call) { return *static_cast<cameo_context *>(call->runtime); }

/// Checks for a cancel request; false when the call has failed already or now.
bool isGoingOn(cameo_context &context) {
  if (context.hasFailed())
    return false;
  if (!context.cancelled.load(std::memory_order_relaxed))
    return true;
  context.recordFailure(CAMEO_CANCELLED, "the run was cancelled");
  return false;
}

/// Tells the caller of a launch that is done.
void trace(const cameo_context &context, const cameo_kernel *kernel, int64_t start, int64_t tiles) {
  cameo_trace_event event{};
  event.struct_size = sizeof(event);
  event.threads = context.options.threads;
  event.kernel = kernel->name;
  event.nodes = kernel->nodes;
  event.start_ns = start;
  event.duration_ns = nowNs() - start;
  event.tiles = tiles;
  event.launch = uint64_t(kernel - context.program->variant->kernels);
  std::vector<cameo_thread_span> spans;
  std::copy_if(context.spans.begin(), context.spans.end(), std::back_inserter(spans),
               [](const cameo_thread_span &span) { return span.tiles > 0; });
  event.spans = spans.data();
  event.num_spans = spans.size();
  context.options.trace(context.options.trace_user, &event);
}

void launch(cameo_call *call, const cameo_kernel *kernel, void *const *buffers, const int64_t *sizes, int64_t tiles,
            int64_t grain) {
  cameo_context &context = contextOf(call);
  if (!isGoingOn(context) || tiles <= 0)
    return;
  if (kernel->device) {
    int64_t start = context.options.trace ? nowNs() : 0;
    uint64_t site = kernel - context.program->variant->kernels;
    auto *failure = context.failures.data() + site * sizeof(cameo_device_failure);
    if (!context.checkDevice(context.queue->launch(site, failure, buffers, sizes, tiles)) || !context.options.trace)
      return;
    if (!context.checkDevice(context.queue->finish()))
      return;
    for (cameo_thread_span &span : context.spans)
      span.tiles = 0; // no thread of the host computed any
    trace(context, kernel, start, tiles);
    return;
  }
  LaunchWork work{kernel->fn,
                  call,
                  buffers,
                  sizes,
                  tiles,
                  std::max<int64_t>(grain, 1),
                  StopCheck{&context.cancelled, &call->status},
                  context.options.trace ? context.spans.data() : nullptr};
  for (cameo_thread_span &span : context.spans)
    span.tiles = 0;
  uint64_t mark = context.stack.mark();
  int64_t start = context.options.trace ? nowNs() : 0;
  context.launched = kernel;
  if (context.pool)
    context.pool->run(work, context.options.threads);
  else
    runAlone(work);
  context.launched = nullptr;
  context.stack.release(mark);
  if (context.options.trace)
    trace(context, kernel, start, tiles);
  isGoingOn(context);
}

void *arena(cameo_call *call, int64_t bytes) {
  cameo_context &context = contextOf(call);
  if (!isGoingOn(context))
    return nullptr;
  if (bytes < 0 || !context.arena.reserve(context.working(), uint64_t(bytes)))
    return context.outOfMemory("the working memory", bytes);
  return context.arena.data();
}

void *alloc(cameo_call *call, int64_t bytes) {
  cameo_context &context = contextOf(call);
  if (context.hasFailed())
    return nullptr;
  context.isRepeatable = false;
  void *memory = bytes < 0 ? nullptr : context.stack.alloc(context.working(), uint64_t(bytes));
  return memory ? memory : context.outOfMemory("an intermediate value", bytes);
}

int64_t mark(cameo_call *call) {
  cameo_context &context = contextOf(call);
  if (!context.queue)
    return int64_t(context.stack.mark());
  context.marks.emplace_back(context.stack.mark(), context.fetched.mark());
  return int64_t(context.marks.size()) - 1;
}

void release(cameo_call *call, int64_t mark) {
  cameo_context &context = contextOf(call);
  if (context.hasFailed())
    return;
  if (!context.queue) {
    context.stack.release(uint64_t(mark));
    return;
  }
  context.stack.release(context.marks[mark].first);
  context.fetched.release(context.marks[mark].second);
  context.marks.resize(mark);
}

void copy(cameo_call *call, void *target, const void *source, int64_t bytes) {
  cameo_context &context = contextOf(call);
  if (!context.hasFailed() && bytes > 0 && target != source)
    context.checkDevice(context.queue->move(target, source, uint64_t(bytes)));
}

void *fetch(cameo_call *call, const void *source, int64_t bytes) {
  cameo_context &context = contextOf(call);
  if (context.hasFailed())
    return nullptr;
  context.isRepeatable = false;
  void *memory = bytes < 0 ? nullptr : context.fetched.alloc(context.budget, uint64_t(bytes));
  if (!memory)
    return context.outOfMemory("a copy of a value", bytes);
  if (!source || !bytes)
    return memory;
  context.checkKernels(); // a size that a failed kernel gave may be any number
  if (context.hasFailed() || !context.checkDevice(context.queue->download(memory, source, uint64_t(bytes))))
    return nullptr;
  return memory;
}

void store(cameo_call *call, void *target, const void *host, int64_t bytes) {
  cameo_context &context = contextOf(call);
  context.isRepeatable = false;
  if (!context.hasFailed() && bytes > 0)
    context.checkDevice(context.queue->upload(target, host, uint64_t(bytes)));
}

void *slot(cameo_call *call, int64_t index, int64_t bytes) {
  cameo_context &context = contextOf(call);
  if (context.hasFailed())
    return nullptr;
  context.isRepeatable = false;
  if (index < 0 || uint64_t(index) >= context.slots.size()) {
    context.recordFailure(CAMEO_INTERNAL, "the program asks for slot %lld of %zu", (long long)index,
                          context.slots.size());
    return nullptr;
  }
  Buffer &buffer = context.slots[index];
  uint64_t old = buffer.capacity();
  if (bytes >= 0 && uint64_t(bytes) <= old && buffer.data())
    return buffer.data();
  // Growing by half at least keeps a loop that appends from copying at every step.
  if (bytes < 0 || !(buffer.reserve(context.working(), std::max(uint64_t(bytes), old + old / 2), old) ||
                     buffer.reserve(context.working(), uint64_t(bytes), old)))
    return context.outOfMemory("a loop's values", bytes);
  return buffer.data();
}

void *output(cameo_call *call, int64_t index, const int64_t *dims, int64_t rank) {
  cameo_context &context = contextOf(call);
  if (context.hasFailed())
    return nullptr;
  const cameo_program_info &info = *context.program->info;
  if (index < 0 || uint64_t(index) >= info.num_outputs || rank != info.outputs[index].rank) {
    context.recordFailure(CAMEO_INTERNAL, "the program asks for output %lld of rank %lld, which it does not have",
                          (long long)index, (long long)rank);
    return nullptr;
  }
  const cameo_value_info &value = info.outputs[index];
  cameo_context::Output &output = context.outputs[index];
  for (int64_t i = 0; i < rank; ++i)
    if (dims[i] < 0) {
      context.recordFailure(CAMEO_SHAPE_MISMATCH, "output '%s' would have shape %s with a negative size", value.name,
                            ShapeText(dims, rank).text);
      return nullptr;
    }
  uint64_t bytes = cameo_tensor_bytes(value.dtype, dims, uint32_t(rank));
  for (uint64_t i = 0; i < info.num_caches; ++i) {
    const cameo_cache_info &cache = info.caches[i];
    if (cache.output != uint64_t(index) || !context.cacheRows[i] || dims[cache.axis] <= context.cacheRows[i])
      continue;
    context.recordFailure(CAMEO_INVALID_ARGUMENT, "output '%s' has %lld rows, but its memory has room for %lld",
                          value.name, (long long)dims[cache.axis], (long long)context.cacheRows[i]);
    return nullptr;
  }
  if (bytes == UINT64_MAX)
    return context.outOfMemory(value.name, -1);
  if (rank)
    memcpy(output.dims, dims, rank * sizeof(int64_t));
  if (output.bound) {
    if (bytes > output.boundBytes) {
      context.recordFailure(
          CAMEO_INVALID_ARGUMENT, "output '%s' has shape %s and needs %llu bytes, but %llu are bound to it", value.name,
          ShapeText(dims, rank).text, (unsigned long long)bytes, (unsigned long long)output.boundBytes);
      return nullptr;
    }
  }
  if (value.dtype == CAMEO_STRING) {
    if (!output.numbers.reserve(context.budget, bytes / sizeof(cameo_text) * sizeof(int64_t)))
      return context.outOfMemory("an output", int64_t(bytes));
    output.data = output.numbers.data();
    bytes = bytes / sizeof(cameo_text) * sizeof(int64_t);
  } else if (output.bound) {
    output.data = output.bound;
  } else {
    bool isThere = output.staysOnDevice;
    Buffer &own = (isThere ? output.onDevice : output.own)[output.current];
    if (!own.reserve(isThere ? context.deviceBudget : context.budget, bytes))
      return context.outOfMemory("an output", int64_t(bytes));
    output.data = own.data();
  }
  output.bytes = bytes;
  if (!context.queue || output.staysOnDevice)
    return output.data;
  Buffer &copy = output.onDevice[output.current];
  return copy.reserve(context.deviceBudget, bytes) ? copy.data() : context.outOfMemory("an output", int64_t(bytes));
}

void failCall(cameo_call *call, int32_t code, const char *node, const char *message, int64_t value) {
  cameo_context &context = contextOf(call);
  // Replaces "%lld" by hand: the message is not a format of ours, so nothing else in it may be read as one.
  char number[24] = "";
  const char *place = strstr(message, "%lld");
  size_t before = place ? size_t(place - message) : strlen(message);
  if (place)
    snprintf(number, sizeof(number), "%lld", (long long)value);
  const char *after = place ? place + 4 : "";
  if (code == CAMEO_OK)
    code = CAMEO_INTERNAL;
  // Kernels share their code: which launch it is the context knows.
  if (!node && context.launched)
    node = context.launched->nodes;
  constexpr size_t kMostNames = 300; // characters; a fused kernel may be of many nodes
  if (node && *node)
    context.recordFailure(code, "%s '%.*s%s': %.*s%s%s", strstr(node, ", ") ? "one of the nodes" : "node",
                          int(kMostNames), node, strlen(node) > kMostNames ? "..." : "", int(before), message, number,
                          after);
  else
    context.recordFailure(code, "%.*s%s%s", int(before), message, number, after);
}

/// What `fn` makes of the context and its texts; 0 after a failure. Nothing it throws gets into compiled code.
template <typename Fn> int64_t withTexts(cameo_call *call, Fn fn) {
  cameo_context &context = contextOf(call);
  if (context.hasFailed())
    return 0;
  context.isRepeatable = false;
  try {
    return fn(context, context.texts[context.currentTexts]);
  } catch (const std::bad_alloc &) {
    context.recordFailure(CAMEO_OUT_OF_MEMORY, "a text does not fit into memory");
    return 0;
  }
}

/// The number of a text that is made; 0 where the budget has no room for it.
int64_t numberOf(cameo_context &context, Texts &texts, std::string_view text) {
  int64_t number = texts.number(text, context.budget);
  if (number >= 0)
    return number;
  context.outOfMemory("a text", int64_t(text.size()));
  return 0;
}

int64_t concatTexts(cameo_call *call, int64_t first, int64_t second) {
  return withTexts(call, [&](cameo_context &context, Texts &texts) {
    std::string joined;
    joined.append(texts[first]).append(texts[second]);
    return numberOf(context, texts, joined);
  });
}

int64_t textCase(cameo_call *call, int64_t text, int64_t toUpper) {
  return withTexts(call, [&](cameo_context &context, Texts &texts) {
    std::vector<char> changed;
    if (!changeCase(texts[text], toUpper, changed))
      context.recordFailure(CAMEO_NOT_FOUND, "this system has no locale C.UTF-8, which the case of letters needs");
    return numberOf(context, texts, {changed.data(), changed.size()});
  });
}

int64_t splitIntoPieces(cameo_call *call, int64_t text, int64_t delimiter, int64_t most) {
  return withTexts(call, [&](cameo_context &context, Texts &texts) {
    context.pieces = splitText(texts[text], texts[delimiter], uint64_t(most));
    return int64_t(context.pieces.size());
  });
}

int64_t textPiece(cameo_call *call, int64_t index) {
  return withTexts(call, [&](cameo_context &context, Texts &texts) {
    return uint64_t(index) < context.pieces.size() ? numberOf(context, texts, context.pieces[index]) : 0;
  });
}

int64_t matchText(cameo_call *call, int64_t text, const int32_t *automaton) {
  return withTexts(call, [&](cameo_context &, Texts &texts) {
    constexpr int64_t kRow = 257;
    int64_t state = 0;
    for (char c : texts[text])
      state = automaton[state * kRow + uint8_t(c)];
    return int64_t(automaton[state * kRow + 256]);
  });
}

int64_t tokensOfText(cameo_call *call, int64_t text, const int32_t *automaton, int64_t least, int64_t between) {
  return withTexts(call, [&](cameo_context &context, Texts &texts) {
    std::vector<std::string_view> tokens;
    if (text < 0)
      for (std::string_view piece : context.pieces)
        findTokens(piece, automaton, uint64_t(least), between, tokens);
    else
      findTokens(texts[text], automaton, uint64_t(least), between, tokens);
    context.pieces = std::move(tokens);
    return int64_t(context.pieces.size());
  });
}

int64_t hashText(cameo_call *call, int64_t text, int64_t seed) {
  return withTexts(call,
                   [&](cameo_context &, Texts &texts) { return int64_t(murmurHash(texts[text], uint32_t(seed))); });
}

int64_t textLess(cameo_call *call, int64_t first, int64_t second) {
  return withTexts(call, [&](cameo_context &, Texts &texts) { return int64_t(texts[first] < texts[second]); });
}

int64_t textToNumber(cameo_call *call, int64_t text, int64_t isFloat) {
  return withTexts(call, [&](cameo_context &context, Texts &texts) {
    std::string_view given = texts[text];
    int64_t bits = 0;
    if (!parseNumber(given, isFloat, bits))
      context.recordFailure(CAMEO_INVALID_ARGUMENT, "the text '%.*s' is no %s", int(std::min<size_t>(given.size(), 80)),
                            given.data(), isFloat ? "number" : "integer");
    return bits;
  });
}

int64_t numberToText(cameo_call *call, int64_t number, int64_t digits) {
  return withTexts(call, [&](cameo_context &context, Texts &texts) {
    NumberText written(number, digits);
    return numberOf(context, texts, written.view());
  });
}

/// What `fn` gives for a picture; 0 after a failure, its own too.
template <typename Fn> int64_t withPicture(cameo_call *call, Fn fn) {
  cameo_context &context = contextOf(call);
  if (context.hasFailed())
    return 0;
  context.isRepeatable = false;
  int64_t result = 0;
  cameo_error error;
  int32_t code = fn(context, result, &error);
  if (code != CAMEO_OK)
    failCall(call, code, nullptr, error.message, 0);
  return code == CAMEO_OK ? result : 0;
}

int64_t imageSize(cameo_call *call, const uint8_t *file, int64_t bytes, int64_t axis) {
  return withPicture(call, [&](cameo_context &, int64_t &result, cameo_error *error) {
    int64_t height, width;
    int32_t code = sizeOfPicture(file, uint64_t(bytes), &height, &width, error);
    result = code ? 0 : axis ? width : height;
    return code;
  });
}

int64_t decodeImage(cameo_call *call, const uint8_t *file, int64_t bytes, int64_t height, int64_t width) {
  return withPicture(call, [&](cameo_context &context, int64_t &result, cameo_error *error) {
    int32_t code = context.picture.decode(file, uint64_t(bytes), height, width, context.budget, error);
    result = context.picture.numPixels();
    return code;
  });
}

int64_t imagePixel(cameo_call *call, int64_t index) { return contextOf(call).picture[index]; }

} // namespace

const cameo_services cameo::rt::kServices = {sizeof(cameo_services),
                                             CAMEO_ABI_VERSION,
                                             launch,
                                             arena,
                                             alloc,
                                             mark,
                                             release,
                                             slot,
                                             output,
                                             failCall,
                                             concatTexts,
                                             textCase,
                                             splitIntoPieces,
                                             textPiece,
                                             matchText,
                                             textToNumber,
                                             numberToText,
                                             copy,
                                             fetch,
                                             store,
                                             tokensOfText,
                                             hashText,
                                             imageSize,
                                             decodeImage,
                                             imagePixel,
                                             textLess};

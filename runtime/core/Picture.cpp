// Picture.cpp - see Picture.h.
#include "Picture.h"
#include "../images/Images.h"
#include "Error.h"
#include <dlfcn.h>
#include <mutex>
#include <type_traits>

namespace cameo::rt {
namespace {

struct Library {
  decltype(&cameo_image_size) size = nullptr;
  decltype(&cameo_image_decode) decode = nullptr;
};

int32_t load(Library &library, cameo_error *error) {
  static std::mutex mutex;
  static Library loaded;
  static constexpr const char *kName = "libcameo_images.so";
  std::lock_guard lock(mutex);
  if (!loaded.decode) {
    void *handle = dlopen(kName, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
      return fail(
          error, CAMEO_NOT_FOUND,
          "pictures are decoded by %s, which cannot be loaded (%s): put it beside the runtime, or into a folder "
          "of LD_LIBRARY_PATH",
          kName, dlerror());
    Library found;
    auto find = [&](auto &function, const char *symbol) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    };
    find(found.size, "cameo_image_size");
    find(found.decode, "cameo_image_decode");
    if (!found.size || !found.decode) {
      dlclose(handle);
      return fail(error, CAMEO_VERSION_MISMATCH, "%s is not that of this runtime", kName);
    }
    loaded = found;
  }
  library = loaded;
  return CAMEO_OK;
}

constexpr uint64_t kRoom = 240; ///< for a reason

} // namespace

int32_t sizeOfPicture(const uint8_t *file, uint64_t bytes, int64_t *height, int64_t *width, cameo_error *error) {
  Library library;
  char reason[kRoom];
  if (int32_t code = load(library, error))
    return code;
  if (library.size(file, bytes, height, width, reason, sizeof(reason)))
    return fail(error, CAMEO_INVALID_ARGUMENT, "%s", reason);
  return CAMEO_OK;
}

int32_t Picture::decode(const uint8_t *file, uint64_t bytes, int64_t height, int64_t width, MemoryBudget &budget,
                        cameo_error *error) {
  count = 0;
  int64_t foundHeight, foundWidth;
  if (int32_t code = sizeOfPicture(file, bytes, &foundHeight, &foundWidth, error))
    return code;
  if (foundHeight != height || foundWidth != width)
    return fail(error, CAMEO_INVALID_ARGUMENT, "the picture has %lldx%lld pixels, expected %lldx%lld",
                (long long)foundWidth, (long long)foundHeight, (long long)width, (long long)height);
  if (!pixels.reserve(budget, uint64_t(height * width * 3)))
    return fail(error, CAMEO_OUT_OF_MEMORY, "a picture of %s does not fit into the budget of %s",
                BytesText(uint64_t(height * width * 3)).text, BytesText(budget.limit).text);
  Library library;
  char reason[kRoom];
  if (int32_t code = load(library, error))
    return code;
  if (library.decode(file, bytes, pixels.data(), height, width, reason, sizeof(reason)))
    return fail(error, CAMEO_INVALID_ARGUMENT, "%s", reason);
  count = height * width;
  return CAMEO_OK;
}

} // namespace cameo::rt

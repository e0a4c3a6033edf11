// ConstantStorage.cpp - see ConstantStorage.h.
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Support/ScratchMemory.h"
#include <cstring>

using namespace mlir;
using namespace cameo;

/// Of constants on the heap; mapped ones begin with a page.
static constexpr size_t kAlignment = 64;

const ConstantStorage &ConstantStorage::of(MLIRContext *context) {
  return *context->getLoadedDialect<CameoDialect>()->getRegisteredInterface<ConstantStorage>();
}

AsmResourceBlob ConstantStorage::allocate(size_t bytes) const {
  auto memory = bytes >= ScratchMemory::kLeast ? std::make_shared<ScratchMemory>(bytes) : nullptr;
  if (!memory || !memory->isInFile())
    return HeapAsmResourceBlob::allocate(bytes, kAlignment);
  share(memory, memory->bytes());
  touch(bytes);
  return AsmResourceBlob(memory->bytes(), kAlignment, [memory](void *, size_t, size_t) {}, /*dataIsMutable=*/true);
}

AsmResourceBlob ConstantStorage::copy(ArrayRef<char> bytes) const {
  AsmResourceBlob blob = allocate(bytes.size());
  std::memcpy(blob.getMutableData().data(), bytes.data(), bytes.size());
  return blob;
}

void ConstantStorage::share(std::shared_ptr<const void> owner, ArrayRef<char> bytes) const {
  if (bytes.size() < ScratchMemory::kLeast)
    return;
  std::lock_guard<std::mutex> lock(known->mutex);
  known->ranges.push_back({owner, bytes});
}

void ConstantStorage::touch(size_t bytes) const {
  {
    std::lock_guard<std::mutex> lock(known->mutex);
    known->touched += bytes;
    if (known->touched <= kMostResident)
      return;
  }
  release();
}

void ConstantStorage::release() const {
  std::lock_guard<std::mutex> lock(known->mutex);
  known->touched = 0;
  llvm::erase_if(known->ranges, [](const Range &range) {
    std::shared_ptr<const void> alive = range.owner.lock(); // until its pages are given back
    if (alive)
      releasePages(range.bytes);
    return !alive;
  });
}

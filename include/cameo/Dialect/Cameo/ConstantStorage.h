// ConstantStorage.h - where the bytes of large constants lie: in files, so that memory holds what is being worked on
// and not the whole model, let alone all variants of it.
//
// A model's weights are mapped from its own file, what passes compute of them from scratch files (ScratchMemory.h). The
// context's storage knows all of them, and gives their pages back to the system whenever about kMostResident bytes of
// constants have been read or written. That is safe at any time and costs a page fault when a page is needed again.
#ifndef CAMEO_DIALECT_CAMEO_CONSTANTSTORAGE_H
#define CAMEO_DIALECT_CAMEO_CONSTANTSTORAGE_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectInterface.h"
#include "llvm/ADT/ArrayRef.h"
#include <memory>
#include <mutex>
#include <vector>

namespace cameo {

class ConstantStorage : public mlir::DialectInterface::Base<ConstantStorage> {
public:
  static constexpr size_t kMostResident = size_t(64) << 20;

  explicit ConstantStorage(mlir::Dialect *dialect) : Base(dialect), known(std::make_shared<Known>()) {}
  /// Of the dialect cameo, which `context` has loaded.
  static const ConstantStorage &of(mlir::MLIRContext *context);

  /// Memory for a constant, page by page aligned or at least by 64 bytes. Not initialized.
  mlir::AsmResourceBlob allocate(size_t bytes) const;
  /// A blob of a copy of `bytes`.
  mlir::AsmResourceBlob copy(llvm::ArrayRef<char> bytes) const;
  /// `bytes`, which are mapped from a file and never written, give their pages back too, as long as `owner` lives.
  void share(std::shared_ptr<const void> owner, llvm::ArrayRef<char> bytes) const;
  /// Counts bytes of constants that are about to be read or written; releases all pages where that are many.
  void touch(size_t bytes) const;
  void release() const;

private:
  struct Range {
    std::weak_ptr<const void> owner;
    llvm::ArrayRef<char> bytes;
  };
  struct Known {
    std::mutex mutex;
    std::vector<Range> ranges;
    size_t touched = 0;
  };
  std::shared_ptr<Known> known;
};

} // namespace cameo
#endif

// OutputFile.h - files that a compilation writes: complete or not there, whatever happens in between.
#ifndef LIB_PIPELINE_OUTPUTFILE_H
#define LIB_PIPELINE_OUTPUTFILE_H

#include "cameo/Pipeline/WriteFile.h"
#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include <mutex>
#include <string>
#include <system_error>

namespace cameo {

/// While it is held an interrupt waits, and no Temporary can be made: for what writes files beside that no list has.
std::unique_lock<std::mutex> holdInterrupts();

/// A file or folder that is removed when this goes out of scope or the process is interrupted.
class Temporary {
public:
  Temporary() = default;
  explicit Temporary(std::string path);
  ~Temporary();
  Temporary(const Temporary &) = delete;
  Temporary &operator=(const Temporary &) = delete;
  const std::string &path() const { return name; }
  /// Becomes `path`: nothing is left to remove. An interrupt comes before it or after, and says then that it was
  /// written.
  std::error_code rename(const std::string &path);

private:
  std::string name;
};

/// A folder for temporary files.
class TemporaryFolder {
public:
  TemporaryFolder();
  bool valid() const { return bool(folder); }
  std::string file(llvm::StringRef name) const { return folder->path() + "/" + name.str(); }

private:
  std::unique_ptr<Temporary> folder;
};

/// The file `path` that a user asked for. It is written under the name `temporary`, in the same folder, which `commit`
/// renames. What is not a regular file (`-`, standard output; a device; a pipe) gets a copy of the bytes instead.
class OutputFile {
public:
  explicit OutputFile(llvm::StringRef path) : path(path.str()) {}
  /// Makes the temporary file, empty. Emits an error (E-FILE) and fails where that cannot be.
  mlir::LogicalResult create(mlir::Location loc);
  const std::string &temporary() const { return file->path(); }
  mlir::LogicalResult commit(mlir::Location loc);

  /// The same without a place in a model.
  std::optional<Diagnostic> create();
  std::optional<Diagnostic> commit();

private:
  std::string path;
  std::unique_ptr<Temporary> file;
  bool copies = false; ///< see above
};

/// `writeFile` of WriteFile.h that emits its error.
mlir::LogicalResult writeFile(llvm::StringRef path, mlir::Location loc,
                              llvm::function_ref<void(llvm::raw_pwrite_stream &)> write);

} // namespace cameo
#endif

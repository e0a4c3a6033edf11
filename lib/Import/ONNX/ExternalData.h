// ExternalData.h - tensors whose bytes lie in other files: finds, checks and maps these.
#pragma once
#include "MappedFile.h"
#include "Report.h"
#include "llvm/ADT/StringMap.h"

namespace cameo::onnx {

/// The external files of one model, each mapped once.
///
/// A file is reachable only by a relative path inside the root folder, without symbolic links (unless followSymlinks),
/// and must be a regular file with one hard link: a model is data from a stranger, and must not make the compiler read
/// (and put into its output) a file that the stranger could not read.
class ExternalData {
public:
  ExternalData(const ReadOptions &options, llvm::StringRef modelPath);

  /// Sets `tensor.view` to the bytes that external_data names, or reports why it can't. `what` names the tensor.
  void resolve(TensorView &tensor, const std::string &what, Report &report);

private:
  struct File {
    std::unique_ptr<MappedFile> mapped; ///< null: refused, for the reason below
    llvm::StringRef code;
    ExitCode exitCode = ExitCode::InvalidModel;
    std::string problem;
    std::string sha1; ///< in hex, computed when first asked for
  };

  std::string root;
  bool followSymlinks;
  llvm::StringMap<File> files;

  File &open(llvm::StringRef location);
  void openInto(File &file, llvm::StringRef location);
};

} // namespace cameo::onnx

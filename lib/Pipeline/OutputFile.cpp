// OutputFile.cpp - temporary names, renames, and the list of what an interrupt must remove.
#include "OutputFile.h"
#include "cameo/Pipeline/Interrupt.h"
#include "cameo/Support/Diagnostic.h"
#include "cameo/Support/ErrorCode.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <set>
#include <thread>

using namespace mlir;
using namespace cameo;
namespace fs = llvm::sys::fs;

namespace {
/// What is to be removed when the process is interrupted, and what is to stay.
struct Temporaries {
  std::mutex mutex;
  std::set<std::string> paths;
  std::set<std::string> written; ///< files that were completed; some were temporary too and are gone
};
} // namespace

static Temporaries &temporaries() {
  static auto *all = new Temporaries; // never destroyed: an interrupt may come while the process ends
  return *all;
}

void cameo::handleInterrupts() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  // A thread of its own takes the signals, so that it may lock and remove files; all other threads inherit the mask.
  static sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([] {
    int number = 0;
    sigwait(&signals, &number);
    std::lock_guard<std::mutex> lock(temporaries().mutex); // kept: nothing new may appear
    for (const std::string &path : temporaries().paths)
      (void)(fs::is_directory(path) ? fs::remove_directories(path) : fs::remove(path));
    std::string written;
    for (const std::string &path : temporaries().written)
      if (fs::exists(path))
        written += (written.empty() ? "" : ", ") + path;
    llvm::errs() << "cameo: error[E-CANCELLED]: interrupted; "
                 << (written.empty() ? "nothing was written" : "written before that: " + written) << "\n";
    _exit(int(ExitCode::Cancelled));
  }).detach();
}

std::unique_lock<std::mutex> cameo::holdInterrupts() { return std::unique_lock(temporaries().mutex); }

Temporary::Temporary(std::string path) : name(std::move(path)) {
  std::lock_guard<std::mutex> lock(temporaries().mutex);
  temporaries().paths.insert(name);
}

std::error_code Temporary::rename(const std::string &path) {
  std::lock_guard<std::mutex> lock(temporaries().mutex);
  if (std::error_code error = fs::rename(name, path))
    return error;
  temporaries().written.insert(path);
  temporaries().paths.erase(name);
  name.clear();
  return {};
}

Temporary::~Temporary() {
  if (name.empty())
    return;
  (void)(fs::is_directory(name) ? fs::remove_directories(name) : fs::remove(name));
  std::lock_guard<std::mutex> lock(temporaries().mutex);
  temporaries().paths.erase(name);
}

TemporaryFolder::TemporaryFolder() {
  llvm::SmallString<128> unique;
  if (!fs::createUniqueDirectory("cameo", unique))
    folder = std::make_unique<Temporary>(unique.str().str());
}

static cameo::Diagnostic cannotWrite(StringRef path, std::error_code error) {
  return cameo::Diagnostic::error("E-FILE", "cannot write " + path.str() + ": " + StringRef(error.message()).lower() +
                                                "; choose another place, by TMPDIR for temporary files");
}

static LogicalResult emit(Location loc, const std::optional<cameo::Diagnostic> &problem) {
  if (!problem)
    return success();
  return withCode(problem->code == "E-CANCELLED" ? llvm::StringLiteral("E-CANCELLED") : llvm::StringLiteral("E-FILE"),
                  emitError(loc))
         << problem->message;
}

std::optional<cameo::Diagnostic> OutputFile::create() {
  fs::file_status status;
  copies = path == "-" || (!fs::status(path, status) && fs::exists(status) && !fs::is_regular_file(status));
  llvm::SmallString<256> unique;
  std::error_code error;
  if (copies && fs::is_directory(status))
    error = std::make_error_code(std::errc::is_a_directory);
  else
    error =
        copies ? fs::createTemporaryFile("cameo", "out", unique) : fs::createUniqueFile(path + ".%%%%%%.tmp", unique);
  if (error)
    return cannotWrite(path, error);
  file = std::make_unique<Temporary>(unique.str().str());
  return std::nullopt;
}

std::optional<cameo::Diagnostic> OutputFile::commit() {
  if (!copies) {
    std::error_code error = file->rename(path);
    return error ? std::optional(cannotWrite(path, error)) : std::nullopt;
  }
  auto bytes = llvm::MemoryBuffer::getFile(temporary(), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  std::error_code error = bytes.getError();
  if (!error) {
    llvm::raw_fd_ostream os(path, error, fs::CD_OpenExisting, fs::FA_Write, fs::OF_None);
    if (!error) {
      os << (*bytes)->getBuffer();
      os.flush();
      error = os.error();
      os.clear_error();
    }
  }
  if (error == std::errc::broken_pipe)
    return cameo::Diagnostic::error("E-CANCELLED",
                                    "whoever read " + (path == "-" ? "standard output" : path) + " has gone");
  return error ? std::optional(cannotWrite(path, error)) : std::nullopt;
}

LogicalResult OutputFile::create(Location loc) { return emit(loc, create()); }
LogicalResult OutputFile::commit(Location loc) { return emit(loc, commit()); }

std::optional<cameo::Diagnostic> cameo::writeFile(StringRef path,
                                                  llvm::function_ref<void(llvm::raw_pwrite_stream &)> write) {
  OutputFile file(path);
  if (auto problem = file.create())
    return problem;
  std::error_code error;
  llvm::raw_fd_ostream os(file.temporary(), error, fs::CD_OpenExisting, fs::FA_Write, fs::OF_None);
  if (!error) {
    write(os);
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return cannotWrite(path, error);
  // Temporary files are the user's alone; what a user makes is readable as their umask says.
  fs::setPermissions(file.temporary(), static_cast<fs::perms>(0666 & ~fs::getUmask()));
  return file.commit();
}

std::optional<cameo::Diagnostic> cameo::checkWritable(StringRef path) {
  return path.empty() ? std::nullopt : OutputFile(path).create();
}

LogicalResult cameo::writeFile(StringRef path, Location loc,
                               llvm::function_ref<void(llvm::raw_pwrite_stream &)> write) {
  return emit(loc, writeFile(path, write));
}

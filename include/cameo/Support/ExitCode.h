// ExitCode.h - how the tools end. Plain C++, for the compiler and for cameo-run, which has no LLVM.
#pragma once

namespace cameo {

/// What a user can cause is never InternalError.
enum class ExitCode : int {
  Success = 0,
  Different = 1, ///< a comparison failed
  Usage = 2,
  InvalidModel = 3,
  Unsupported = 4,
  LimitExceeded = 5,
  File = 6,
  Artifact = 7, ///< a damaged or foreign program
  BadInput = 8, ///< an input does not fit
  Cancelled = 9,
  InternalError = 70,
};

} // namespace cameo

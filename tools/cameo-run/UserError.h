// UserError.h - what cameo-run tells its user when something cannot go on: a code, an exit code and a sentence.
#pragma once
#include "cameo/Runtime/cameo.h"
#include <stdexcept>
#include <string>

namespace cameo::run {

/// Exit codes, the same for all of Cameo's tools.
enum ExitCode {
  Success = 0,
  Different = 1, ///< --expect found a difference
  Usage = 2,
  LimitExceeded = 5,
  File = 6,
  Artifact = 7,
  BadInput = 8,
  Cancelled = 9,
  InternalBug = 70,
};

/// Thrown anywhere in the tool, printed by main as "cameo: error[E-NPY]: message".
class UserError : public std::runtime_error {
public:
  UserError(std::string code, int exitCode, const std::string &message)
      : std::runtime_error(message), code(std::move(code)), exitCode(exitCode) {}
  /// From a status of the runtime.
  explicit UserError(const cameo_error &error);

  std::string code;
  int exitCode;
};

/// Control characters, which names and paths may contain, as \xNN.
std::string escaped(const std::string &text);

} // namespace cameo::run

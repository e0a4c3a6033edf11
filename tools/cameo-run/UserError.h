// UserError.h - what cameo-run tells its user when something cannot go on: a code, an exit code and a sentence.
#pragma once
#include "cameo/Runtime/cameo.h"
#include "cameo/Support/Escaped.h"
#include "cameo/Support/ExitCode.h"
#include <stdexcept>
#include <string>

namespace cameo::run {

using enum cameo::ExitCode;

/// Thrown anywhere in the tool, printed by main as "cameo: error[E-NPY]: message".
class UserError : public std::runtime_error {
public:
  UserError(std::string code, ExitCode exitCode, const std::string &message)
      : std::runtime_error(message), code(std::move(code)), exitCode(exitCode) {}
  /// From a status of the runtime.
  explicit UserError(const cameo_error &error);

  std::string code;
  ExitCode exitCode;
};

} // namespace cameo::run

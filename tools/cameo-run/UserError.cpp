// UserError.cpp - see UserError.h.
#include "cameo-run/UserError.h"
#include <cstdio>

namespace cameo::run {
namespace {

struct Kind {
  const char *code;
  ExitCode exitCode;
};

Kind kindOf(int32_t code) {
  switch (code) {
  case CAMEO_INVALID_ARGUMENT:
    return {"E-INPUT", BadInput};
  case CAMEO_OUT_OF_RANGE:
    return {"E-INDEX", BadInput};
  case CAMEO_DIVISION_BY_ZERO:
    return {"E-DIV0", BadInput};
  case CAMEO_SHAPE_MISMATCH:
    return {"E-SHAPE", BadInput};
  case CAMEO_OUT_OF_MEMORY:
    return {"E-MEMORY", LimitExceeded};
  case CAMEO_CANCELLED:
    return {"E-CANCELLED", Cancelled};
  case CAMEO_INVALID_PROGRAM:
    return {"E-ARTIFACT", Artifact};
  case CAMEO_DAMAGED:
    return {"E-CHECKSUM", Artifact};
  case CAMEO_UNSUPPORTED_CPU:
    return {"E-FEATURES", Artifact};
  case CAMEO_NO_DEVICE:
    return {"E-DEVICE", Artifact};
  case CAMEO_VERSION_MISMATCH:
    return {"E-VERSION", Artifact};
  case CAMEO_NOT_FOUND:
    return {"E-USAGE", Usage};
  case CAMEO_IO:
    return {"E-FILE", File};
  default:
    return {"E-INTERNAL", InternalError};
  }
}

} // namespace

UserError::UserError(const cameo_error &error)
    : UserError(kindOf(error.code).code, kindOf(error.code).exitCode, error.message) {}

} // namespace cameo::run

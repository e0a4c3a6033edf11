// Activation.cpp - registers the activation functions.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/SizeRequirements.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/ActivationOps.cpp.inc"

namespace cameo {
void registerActivationOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/ActivationOps.cpp.inc"
      >();
}
} // namespace cameo

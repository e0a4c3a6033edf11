// Math.cpp - registers the functions of analysis.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/SizeRequirements.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/MathOps.cpp.inc"

namespace cameo {
void registerMathOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/MathOps.cpp.inc"
      >();
}
} // namespace cameo

// CameoDialect.cpp - registration, the interfaces' definitions, and constant materialisation.
#include "cameo/Dialect/Cameo/Cameo.h"

using namespace mlir;
using namespace cameo;

#include "cameo/Dialect/Cameo/CameoDialect.cpp.inc"
#include "cameo/Dialect/Cameo/CameoInterfaces.cpp.inc"

// Each family registers its ops in its own file.
namespace cameo {
#define CAMEO_FAMILY(name) void register##name(CameoDialect &dialect);
#include "cameo/Dialect/Cameo/Families.inc"
#undef CAMEO_FAMILY
} // namespace cameo

void CameoDialect::initialize() {
#define CAMEO_FAMILY(name) register##name(*this);
#include "cameo/Dialect/Cameo/Families.inc"
#undef CAMEO_FAMILY
}

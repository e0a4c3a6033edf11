// CameoDialect.cpp - registration, the interfaces' definitions, and constant materialisation.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cameo;

#include "cameo/Dialect/Cameo/CameoDialect.cpp.inc"
#include "cameo/Dialect/Cameo/CameoInterfaces.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "cameo/Dialect/Cameo/CameoTypes.cpp.inc"

// Each family registers its ops in its own file.
namespace cameo {
#define CAMEO_FAMILY(name) void register##name(CameoDialect &dialect);
#include "cameo/Dialect/Cameo/Families.inc"
#undef CAMEO_FAMILY
void attachSliceModels(mlir::MLIRContext &context); // SliceModels.cpp
} // namespace cameo

void CameoDialect::initialize() {
  addTypes<StringType>();
  addInterfaces<ConstantStorage>();
#define CAMEO_FAMILY(name) register##name(*this);
#include "cameo/Dialect/Cameo/Families.inc"
#undef CAMEO_FAMILY
  attachSliceModels(*getContext());
}

llvm::SmallVector<llvm::StringRef> cameo::nodeNames(Location loc) {
  llvm::SetVector<llvm::StringRef> names;
  loc->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner))
      names.insert(name.getName().getValue());
    return WalkResult::advance();
  });
  return names.takeVector();
}

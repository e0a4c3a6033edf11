// cameo-opt.cpp - runs passes on textual IR: ours and upstream's. For lit tests and for looking around.
#include "cameo/Pipeline/Load.h"
#include "cameo/Pipeline/Phases.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  cameo::registerDialects(registry);
  mlir::registerAllPasses();
  cameo::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Cameo's pass driver\n", registry));
}

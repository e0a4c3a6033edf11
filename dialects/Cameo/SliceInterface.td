// SliceInterface.td - what can be cut out of an op's tensors. Ops get it as external models (SliceModels.cpp).
#ifndef CAMEO_SLICE_INTERFACE_TD
#define CAMEO_SLICE_INTERFACE_TD
include "mlir/IR/OpBase.td"

def Cameo_SliceInterface : OpInterface<"SliceInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Can be computed on tensors from which slices were cut: all elements with one index along one axis. So a tensor gets smaller, not
    emptier, and what remains of the result is what it was.
  }];
  let methods = [
    InterfaceMethod<[{
      Says which slices of operands and results go together. Axes that are not mentioned stay as they are.
    }], "void", "tieSlices", (ins "::cameo::SliceTies &":$ties)>,
    InterfaceMethod<[{
      Changes what names sizes and indices, once the types of operands and results are those without the slices.
    }], "void", "cutSlices", (ins "::mlir::OpBuilder &":$b, "const ::cameo::SliceCut &":$cut), "", "return;">,
  ];
}
#endif

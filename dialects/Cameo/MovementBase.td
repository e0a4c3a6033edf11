// MovementBase.td - base class of ops that read their operands at computed positions and have faster loops than one
// computation per element.
#ifndef CAMEO_MOVEMENT_BASE_TD
#define CAMEO_MOVEMENT_BASE_TD
include "dialects/Cameo/CameoBase.td"

// Like Cameo_IndexableOp (writes `elementAt`, fuses in both directions), but writes its own `emitLoops` and says by
// `allowsPrologue` which operands may be computed in place.
class Cameo_MovementOp<string mnemonic, list<Trait> traits = []>
    : Cameo_Op<mnemonic, !listconcat([DeclareOpInterfaceMethods<Cameo_IndexableInterface>,
                                      DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue", "allowsPrologue"]>],
                                     traits)> {
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDefinition = [{
    bool $cppClass::allowsEpilogue() { return true; }
  }];
}
#endif

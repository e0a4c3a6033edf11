// HalfConversions.h - conversions of f16 for CPUs whose instructions have none.
#ifndef CAMEO_LIB_CODEGEN_CPU_HALFCONVERSIONS_H
#define CAMEO_LIB_CODEGEN_CPU_HALFCONVERSIONS_H

namespace llvm {
class Module;
}

namespace cameo::codegen {

/// Defines, where the module's code uses f16, the functions that LLVM calls to convert it on CPUs without F16C:
/// __extendhfsf2 and __truncsfhf2 (rounding to nearest even), which compilers' libraries have and a program does not.
/// Call after optimisation, which would remove what nothing calls yet.
void defineHalfConversions(llvm::Module &module);

} // namespace cameo::codegen
#endif

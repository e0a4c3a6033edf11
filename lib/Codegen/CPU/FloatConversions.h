// FloatConversions.h - conversions of f16 and bf16 for CPUs whose instructions have none.
#ifndef CAMEO_LIB_CODEGEN_CPU_FLOATCONVERSIONS_H
#define CAMEO_LIB_CODEGEN_CPU_FLOATCONVERSIONS_H

#include "cameo/Codegen/CPU/CpuTarget.h"

namespace llvm {
class Module;
}

namespace cameo::codegen {

/// Defines, where the module's code uses f16 or bf16 and the target cannot convert them, the functions that LLVM calls:
/// __extendhfsf2 and __truncsfhf2 without F16C, __truncsfbf2 without AVX512-BF16 (rounding to nearest even). Compilers'
/// libraries have them and a program does not. Call after optimisation, which would remove what nothing calls yet.
void defineFloatConversions(llvm::Module &module, const CpuTarget &target);

} // namespace cameo::codegen
#endif

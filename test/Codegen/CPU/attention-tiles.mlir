// Attention says in its kernel's config how many queries and keys a block has, and how its two contractions are cut.
// RUN: cameo-compile %s --cpu=x86-64-v4 --stop-after=tiles -o - | FileCheck %s
// RUN: cameo-compile %s --cpu=x86-64-v4 --emit=llvm -o - | FileCheck %s --check-prefix=CODE

// CHECK: config = {"x86-64-v4" = {keys = 256 : i64, queries = 64 : i64, scores = {{{.*}}mr = {{[0-9]+}} : i64{{.*}}}, values = {{{.*}}mr = {{[0-9]+}} : i64{{.*}}}}}

// No temporary: what a block needs lies on the stack, whatever the number of keys.
// CODE:     alloca i8, i64 16384, align 64
// CODE:     alloca i8, i64 65536, align 64
// CODE:     call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512
func.func @main(%q: tensor<1x2x4096x64xf32>, %k: tensor<1x2x4096x64xf32>, %v: tensor<1x2x4096x64xf32>) -> tensor<1x2x4096x64xf32> {
  %y = cameo.attention %q, %k, %v {scale = 0.125 : f32} : (tensor<1x2x4096x64xf32>, tensor<1x2x4096x64xf32>, tensor<1x2x4096x64xf32>) -> tensor<1x2x4096x64xf32>
  return %y : tensor<1x2x4096x64xf32>
}

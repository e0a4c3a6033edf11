// RUN: cameo-opt %s --cameo-prune-weights="pattern=2:4 fewest=1" | FileCheck %s --check-prefix=SHARE
// RUN: cameo-opt %s --cameo-prune-weights="pattern=2x1 sparsity=0.5 fewest=1" | FileCheck %s --check-prefix=BLOCK
// RUN: cameo-opt %s --cameo-prune-weights="pattern=unstructured sparsity=0.25 score=wanda fewest=1" | FileCheck %s --check-prefix=WANDA
// RUN: cameo-opt %s --cameo-prune-weights="pattern=2:4 score=second-order fewest=1" | FileCheck %s --check-prefix=SECOND
// RUN: cameo-opt %s --cameo-prune-weights | FileCheck %s --check-prefix=FEW
// RUN: not cameo-opt %s --cameo-prune-weights="pattern=4:2" 2>&1 | FileCheck %s --check-prefix=WRONG

// A row per output. Of its four weights two stay; of pairs of outputs, those columns whose squares add up to most; by wanda,
// small weights of large inputs; by second order those that stay take over what the others did, for the inputs are alike.
// SHARE:     cameo.constant dense<{{\[\[}}4.000000e+00, 3.000000e+00, 0.000000e+00, 0.000000e+00], [0.000000e+00, 0.000000e+00, 3.000000e+00, 4.000000e+00]]>
// BLOCK:     cameo.constant dense<{{\[\[}}4.000000e+00, 0.000000e+00, 0.000000e+00, 1.000000e+00], [1.000000e+00, 0.000000e+00, 0.000000e+00, 4.000000e+00]]>
// WANDA:     cameo.constant dense<{{\[\[}}4.000000e+00, 0.000000e+00, 2.000000e+00, 1.000000e+00], [1.000000e+00, 0.000000e+00, 3.000000e+00, 4.000000e+00]]>
// SECOND:    cameo.constant dense<{{\[\[}}{{.*}}, 0.000000e+00
// SECOND-NOT: 3.000000e+00
// FEW:       cameo.constant dense<{{\[\[}}4.000000e+00, 3.000000e+00, 2.000000e+00, 1.000000e+00]
// WRONG:     error: pattern is unstructured, N:M with N up to M, or RxC{{.*}}found pattern=4:2
func.func @layer(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<[[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]]> : tensor<2x4xf32>
  %y = cameo.matmul %x, %w {transposeRhs, cameo.observed = {square = array<f32: 1.0, 0.01, 100.0, 100.0>, gram = array<f32: 1.0, 0.9, 0.9, 0.9, 0.9, 1.0, 0.9, 0.9, 0.9, 0.9, 1.0, 0.9, 0.9, 0.9, 0.9, 1.0>}} : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

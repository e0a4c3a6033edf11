// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of top_k, unique and non_max_suppression.
func.func @top_k_c1_axis(%x: tensor<2x8xf32>, %k: tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>) {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %v, %i = cameo.top_k %x, %k {axis = 2 : i64, largest} : (tensor<2x8xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  return %v, %i : tensor<2x?xf32>, tensor<2x?xi64>
}

// -----

func.func @top_k_c2_k(%x: tensor<2x8xf32>) -> (tensor<2x?xf32>, tensor<2x?xi64>) {
  %k = cameo.constant dense<9> : tensor<1xi64>
  // expected-error@+1 {{k is 9, but axis 1 has size 8; expected 0 to that size}}
  %v, %i = cameo.top_k %x, %k {axis = 1 : i64, largest} : (tensor<2x8xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  return %v, %i : tensor<2x?xf32>, tensor<2x?xi64>
}

// -----

func.func @unique_c1_axis(%x: tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>) {
  // expected-error@+1 {{axis is 1, but the operand has rank 1; expected -1 to 0}}
  %y, %i, %v, %c = cameo.unique %x {axis = 1 : i64, sorted} : (tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>)
  return %y, %i, %v, %c : tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>
}

// -----

func.func @non_max_suppression_c1_boxes(%b: tensor<1x6x5xf32>, %s: tensor<1x2x6xf32>, %m: tensor<i64>, %t: tensor<f32>) -> tensor<?x3xi64> {
  // expected-error@+1 {{the last size of boxes is 5; expected 4}}
  %y = cameo.non_max_suppression %b, %s, %m, %t, %t : (tensor<1x6x5xf32>, tensor<1x2x6xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<?x3xi64>
  return %y : tensor<?x3xi64>
}

// -----

func.func @non_max_suppression_c2_threshold(%b: tensor<1x6x4xf32>, %s: tensor<1x2x6xf32>, %m: tensor<i64>, %t: tensor<2xf32>) -> tensor<?x3xi64> {
  // expected-error@+1 {{operand iouThreshold has shape 2; expected one element}}
  %y = cameo.non_max_suppression %b, %s, %m, %t, %t : (tensor<1x6x4xf32>, tensor<1x2x6xf32>, tensor<i64>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x3xi64>
  return %y : tensor<?x3xi64>
}

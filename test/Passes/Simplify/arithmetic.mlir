// RUN: cameo-opt %s --cameo-simplify | FileCheck %s

// CHECK-LABEL: func.func @powers
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>
// CHECK:       %[[SQUARE:.*]] = cameo.mul %[[X]], %[[X]]
// CHECK:       %[[INVERSE:.*]] = cameo.div %{{.*}}, %[[X]]
// CHECK:       %[[ROOT:.*]] = cameo.sqrt %[[SQUARE]]
// CHECK:       return %[[SQUARE]], %[[INVERSE]], %[[ROOT]]
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = cameo.constant dense<2.0> : tensor<f32>
  %minus = cameo.constant dense<-1.0> : tensor<f32>
  %half = cameo.constant dense<0.5> : tensor<f32>
  %a = cameo.pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = cameo.pow %x, %minus : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = cameo.pow %a, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// sqrt(-infinity) is NaN, the power is +infinity.
// CHECK-LABEL: func.func @root_of_anything_stays
// CHECK:       cameo.pow
func.func @root_of_anything_stays(%x: tensor<4xf32>) -> tensor<4xf32> {
  %half = cameo.constant dense<0.5> : tensor<f32>
  %y = cameo.pow %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

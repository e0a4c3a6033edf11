// random.mlir - Expected values: splitmix64 of Steele, Lea and Flood 2014 in integers; its high bits as a fraction; Box and Muller's
// transform of two of them in double precision.

// rtol = 1e-6: one addition, which cancels
// atol = 3e-7: see above
// n = [2, 3]
// y = [[0.5593187808990479, -0.9328470230102539, 2.6030426025390625], [1.3317210674285889, 0.809767484664917,
//     -0.002274036407470703]]
func.func @uniform(%n: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = cameo.random %n {distribution = "uniform", a = -1.0 : f32, b = 3.0 : f32, seed = 7 : i64, to = f32} : (tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// rtol = 1e-13: a logarithm, a root, a cosine and two roundings
// n = [4]
// y = [0.9246053443232434, 1.6179833330736222, 0.7710765494348865, 1.206216400036505]
func.func @normal(%n: tensor<1xi64>) -> tensor<?xf64> {
  %y = cameo.random %n {distribution = "normal", a = 1.0 : f32, b = 0.5 : f32, seed = 3 : i64, to = f64} : (tensor<1xi64>) -> tensor<?xf64>
  return %y : tensor<?xf64>
}

// string.mlir - What makes texts, takes them apart and reads them; texts as elements that are moved and compared. Exact.

// x = ["ab", "", "żółw"]
// y = ["c"]
// z = ["abc", "c", "żółwc"]
func.func @concat(%x: tensor<3x!cameo.string>, %y: tensor<1x!cameo.string>) -> tensor<3x!cameo.string> {
  %z = cameo.string_concat %x, %y : (tensor<3x!cameo.string>, tensor<1x!cameo.string>) -> tensor<3x!cameo.string>
  return %z : tensor<3x!cameo.string>
}

// One character for one: ß and ŉ have no single capital.
// x = ["Ab1", "ŻÓŁW", "ß", "ДΩ😀", "ÿ"]
// y = ["ab1", "żółw", "ß", "дω😀", "ÿ"]
// z = ["AB1", "ŻÓŁW", "ß", "ДΩ😀", "Ÿ"]
func.func @case(%x: tensor<5x!cameo.string>) -> (tensor<5x!cameo.string>, tensor<5x!cameo.string>) {
  %y = cameo.string_case %x : (tensor<5x!cameo.string>) -> tensor<5x!cameo.string>
  %z = cameo.string_case %x {upper} : (tensor<5x!cameo.string>) -> tensor<5x!cameo.string>
  return %y, %z : tensor<5x!cameo.string>, tensor<5x!cameo.string>
}

// The ideographic space is white space too.
// x = ["a b", "", " a  b\u3000c\n", "a"]
// n = [2, 0, 3, 1]
// y = [["a", "b"], ["", ""], ["a", "b"], ["a", ""]]
func.func @split_at_white_space(%x: tensor<4x!cameo.string>) -> (tensor<4xi64>, tensor<4x2x!cameo.string>) {
  %d = cameo.constant dense<""> : tensor<!cameo.string>
  %two = cameo.constant dense<2> : tensor<i64>
  %n = cameo.string_pieces %x, %d : (tensor<4x!cameo.string>, tensor<!cameo.string>) -> tensor<4xi64>
  %y = cameo.string_split %x, %d, %two : (tensor<4x!cameo.string>, tensor<!cameo.string>, tensor<i64>) -> tensor<4x2x!cameo.string>
  return %n, %y : tensor<4xi64>, tensor<4x2x!cameo.string>
}

// x = ["a--b--c", "--", ""]
// n = [2, 2, 1]
// y = [["a", "b--c"], ["", ""], ["", ""]]
func.func @split_once_at_a_delimiter(%x: tensor<3x!cameo.string>) -> (tensor<3xi64>, tensor<3x2x!cameo.string>) {
  %d = cameo.constant dense<"--"> : tensor<!cameo.string>
  %two = cameo.constant dense<2> : tensor<i64>
  %n = cameo.string_pieces %x, %d {mostSplits = 1 : i64} : (tensor<3x!cameo.string>, tensor<!cameo.string>) -> tensor<3xi64>
  %y = cameo.string_split %x, %d, %two {mostSplits = 1 : i64} : (tensor<3x!cameo.string>, tensor<!cameo.string>, tensor<i64>) -> tensor<3x2x!cameo.string>
  return %n, %y : tensor<3xi64>, tensor<3x2x!cameo.string>
}

// The automaton of a*: state 1 is the dead end.
// x = ["", "aaa", "ab", "b"]
// y = [true, true, false, false]
func.func @match(%x: tensor<4x!cameo.string>) -> tensor<4xi1> {
  %byte = cameo.constant dense<97> : tensor<i64>
  %width = cameo.constant dense<257> : tensor<i64>
  %ends = cameo.constant dense<[[1], [0]]> : tensor<2x1xi32>
  %zero = cameo.constant dense<0> : tensor<i64>
  %one = cameo.constant dense<1> : tensor<i64>
  %i = cameo.range %zero, %one, %width : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<257xi64>
  %last = cameo.constant dense<256> : tensor<i64>
  %isA = cameo.equal %i, %byte : (tensor<257xi64>, tensor<i64>) -> tensor<257xi1>
  %isEnd = cameo.equal %i, %last : (tensor<257xi64>, tensor<i64>) -> tensor<257xi1>
  %next = cameo.constant dense<[[0], [1]]> : tensor<2x1xi32>
  %dead = cameo.constant dense<1> : tensor<i32>
  %a = cameo.where %isA, %next, %dead : (tensor<257xi1>, tensor<2x1xi32>, tensor<i32>) -> tensor<2x257xi32>
  %table = cameo.where %isEnd, %ends, %a : (tensor<257xi1>, tensor<2x1xi32>, tensor<2x257xi32>) -> tensor<2x257xi32>
  %y = cameo.string_match %x, %table : (tensor<4x!cameo.string>, tensor<2x257xi32>) -> tensor<4xi1>
  return %y : tensor<4xi1>
}

// The automaton of a+, whose three rows to begin in are alike.
// x = ["baab a", "", "aaa"]
// n = [2, 0, 1]
// y = [["aa", "a"], ["", ""], ["aaa", ""]]
// b = [["b", "b "], ["", ""], ["", ""]]
// t = [["aa"], [""], ["aaa"]]
func.func @tokens(%x: tensor<3x!cameo.string>) -> (tensor<3xi64>, tensor<3x2x!cameo.string>, tensor<3x2x!cameo.string>, tensor<3x1x!cameo.string>) {
  %byte = cameo.constant dense<97> : tensor<i64>
  %width = cameo.constant dense<257> : tensor<i64>
  %ends = cameo.constant dense<[[0], [0], [0], [7], [0]]> : tensor<5x1xi32>
  %zero = cameo.constant dense<0> : tensor<i64>
  %one = cameo.constant dense<1> : tensor<i64>
  %two = cameo.constant dense<2> : tensor<i64>
  %i = cameo.range %zero, %one, %width : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<257xi64>
  %last = cameo.constant dense<256> : tensor<i64>
  %isA = cameo.equal %i, %byte : (tensor<257xi64>, tensor<i64>) -> tensor<257xi1>
  %isEnd = cameo.equal %i, %last : (tensor<257xi64>, tensor<i64>) -> tensor<257xi1>
  %next = cameo.constant dense<[[3], [3], [3], [3], [4]]> : tensor<5x1xi32>
  %dead = cameo.constant dense<4> : tensor<i32>
  %a = cameo.where %isA, %next, %dead : (tensor<257xi1>, tensor<5x1xi32>, tensor<i32>) -> tensor<5x257xi32>
  %table = cameo.where %isEnd, %ends, %a : (tensor<257xi1>, tensor<5x1xi32>, tensor<5x257xi32>) -> tensor<5x257xi32>
  %n = cameo.string_token_count %x, %table {least = 1 : i64} : (tensor<3x!cameo.string>, tensor<5x257xi32>) -> tensor<3xi64>
  %y = cameo.string_tokens %x, %two, %table {least = 1 : i64} : (tensor<3x!cameo.string>, tensor<i64>, tensor<5x257xi32>) -> tensor<3x2x!cameo.string>
  %b = cameo.string_tokens %x, %two, %table {between, least = 1 : i64} : (tensor<3x!cameo.string>, tensor<i64>, tensor<5x257xi32>) -> tensor<3x2x!cameo.string>
  %t = cameo.string_tokens %x, %one, %table, %table {least = 2 : i64} : (tensor<3x!cameo.string>, tensor<i64>, tensor<5x257xi32>, tensor<5x257xi32>) -> tensor<3x1x!cameo.string>
  return %n, %y, %b, %t : tensor<3xi64>, tensor<3x2x!cameo.string>, tensor<3x2x!cameo.string>, tensor<3x1x!cameo.string>
}

// x = ["", "abc", "hello", "żółw"]
// y = [0, 3017643002, 613153351, 4251612160]
// z = [142593372, 1313807976, 3806057185, 1420728857]
func.func @hash(%x: tensor<4x!cameo.string>) -> (tensor<4xui32>, tensor<4xui32>) {
  %y = cameo.string_hash %x {seed = 0 : i64} : (tensor<4x!cameo.string>) -> tensor<4xui32>
  %z = cameo.string_hash %x {seed = 42 : i64} : (tensor<4x!cameo.string>) -> tensor<4xui32>
  return %y, %z : tensor<4xui32>, tensor<4xui32>
}

// x = ["1.5", " -3e2 ", "+inf", "NaN", "1e400", "0.1"]
// y = [1.5, -300, inf, nan, inf, 0.1]
func.func @parse_floats(%x: tensor<6x!cameo.string>) -> tensor<6xf64> {
  %y = cameo.string_parse %x {to = f64} : (tensor<6x!cameo.string>) -> tensor<6xf64>
  return %y : tensor<6xf64>
}

// x = ["17", "-9223372036854775808", "+5"]
// y = [17, -9223372036854775808, 5]
func.func @parse_integers(%x: tensor<3x!cameo.string>) -> tensor<3xi64> {
  %y = cameo.string_parse %x {to = i64} : (tensor<3x!cameo.string>) -> tensor<3xi64>
  return %y : tensor<3xi64>
}

// The float nearest to 0.1 reads back from one digit, the double of the same value only from 17.
// x = [0.1, 16777216, -inf, nan, 1e-38]
// y = ["0.1", "16777216", "-INF", "NaN", "1e-38"]
func.func @format_floats(%x: tensor<5xf32>) -> tensor<5x!cameo.string> {
  %y = cameo.string_format %x : (tensor<5xf32>) -> tensor<5x!cameo.string>
  return %y : tensor<5x!cameo.string>
}

// x = [0.1, 0.3333333333333333]
// y = ["0.1", "0.3333333333333333"]
func.func @format_doubles(%x: tensor<2xf64>) -> tensor<2x!cameo.string> {
  %y = cameo.string_format %x : (tensor<2xf64>) -> tensor<2x!cameo.string>
  return %y : tensor<2x!cameo.string>
}

// x = [-5, 9223372036854775807]
// u = [18446744073709551615]
// y = ["-5", "9223372036854775807"]
// v = ["18446744073709551615"]
func.func @format_integers(%x: tensor<2xi64>, %u: tensor<1xui64>) -> (tensor<2x!cameo.string>, tensor<1x!cameo.string>) {
  %y = cameo.string_format %x : (tensor<2xi64>) -> tensor<2x!cameo.string>
  %v = cameo.string_format %u : (tensor<1xui64>) -> tensor<1x!cameo.string>
  return %y, %v : tensor<2x!cameo.string>, tensor<1x!cameo.string>
}

// A text is the same whether it came in, is the program's own, or was made.
// x = ["a", "b", "ab", ""]
// y = [["", "ab"], ["b", "a"]]
// z = [true, false, true, true]
func.func @moved_and_compared(%x: tensor<4x!cameo.string>) -> (tensor<2x2x!cameo.string>, tensor<4xi1>) {
  %a = cameo.constant dense<"a"> : tensor<!cameo.string>
  %b = cameo.constant dense<"b"> : tensor<!cameo.string>
  %ab = cameo.string_concat %a, %b : (tensor<!cameo.string>, tensor<!cameo.string>) -> tensor<!cameo.string>
  %order = cameo.constant dense<[[3, 2], [1, 0]]> : tensor<2x2xi64>
  %y = cameo.gather %x, %order {axis = 0 : i64} : (tensor<4x!cameo.string>, tensor<2x2xi64>) -> tensor<2x2x!cameo.string>
  %isB = cameo.equal %x, %b : (tensor<4x!cameo.string>, tensor<!cameo.string>) -> tensor<4xi1>
  %own = cameo.where %isB, %ab, %x : (tensor<4xi1>, tensor<!cameo.string>, tensor<4x!cameo.string>) -> tensor<4x!cameo.string>
  %z = cameo.equal %own, %x : (tensor<4x!cameo.string>, tensor<4x!cameo.string>) -> tensor<4xi1>
  return %y, %z : tensor<2x2x!cameo.string>, tensor<4xi1>
}

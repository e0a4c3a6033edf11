"""Prints a function of about N pointwise ops and products, whose values have a near user, a far one, or both."""
import sys

count = int(sys.argv[1])
type_ = "tensor<8x8xf32>"
print(f"func.func @main(%v0: {type_}, %w: {type_}) -> {type_} {{")
for i in range(1, count + 1):
    near, far = f"%v{i - 1}", f"%v{max(0, i - 3 - i % 97)}"
    match i % 5:
        case 0:
            print(f"  %v{i} = cameo.matmul {near}, %w : ({type_}, {type_}) -> {type_}")
        case 1 | 3:
            print(f"  %v{i} = cameo.add {near}, {far} : ({type_}, {type_}) -> {type_}")
        case 2:
            print(f"  %v{i} = cameo.relu {near} : ({type_}) -> {type_}")
        case 4:
            print(f"  %v{i} = cameo.mul {near}, %v0 : ({type_}, {type_}) -> {type_}")
print(f"  return %v{count} : {type_}\n}}")

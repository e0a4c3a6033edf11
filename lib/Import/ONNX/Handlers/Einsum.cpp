// Einsum.cpp - Einsum: a matrix product where the equation is one, else the general op.
//
// Worked example: "bij,bkj->bki" has batch b, sums over j, keeps i (lhs) and k (rhs): lhs [b,i,j] and rhs [b,k,j] are a
// matmul with transposed rhs, giving [b,i,k], which a transpose turns into [b,k,i].
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "cameo/Import/ONNX/OpBinder.h"
#include <map>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

using Labels = SmallVector<int64_t>;

/// Letters are labels by their character; axes under an ellipsis are -1, -2, ... counted from the last.
struct Equation {
  SmallVector<Labels> inputs;
  Labels output;
};

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// One term of the equation; `ellipsisRank` axes stand for "...".
FailureOr<Labels> parseTerm(OpBinder &op, StringRef term, int64_t ellipsisRank) {
  Labels labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term.substr(i).starts_with("...")) {
      for (int64_t axis = ellipsisRank; axis > 0; --axis)
        labels.push_back(-axis);
      i += 2;
    } else if (isLetter(term[i])) {
      labels.push_back(term[i]);
    } else {
      return op.error("E-EINSUM", "equation '" + op.stringAttr("equation", "") + "' has '" + term.substr(i, 1) +
                                      "'; expected letters, '...', ',' and '->'");
    }
  }
  return labels;
}

FailureOr<Equation> parseEquation(OpBinder &op) {
  std::string text;
  for (char c : op.stringAttr("equation", ""))
    if (c != ' ')
      text.push_back(c);
  auto [left, right] = StringRef(text).split("->");
  bool hasOutput = StringRef(text).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != op.numInputs())
    return op.error("E-EINSUM", "equation '" + text + "' has " + Twine(terms.size()) + " terms, but the node " +
                                    Twine(op.numInputs()) + " inputs");
  Equation equation;
  int64_t widest = 0;
  for (auto [i, term] : llvm::enumerate(terms)) {
    size_t letters = llvm::count_if(term, isLetter);
    bool ellipsis = term.contains("...");
    int64_t rank = op.rank(op.input(i)), rest = rank - int64_t(letters);
    if (rest < 0 || (!ellipsis && rest != 0))
      return op.error("E-EINSUM", "term '" + term + "' of the equation has " + Twine(letters) +
                                      " letters, but input '" + op.node.inputs[i] + "' has rank " + Twine(rank));
    auto labels = parseTerm(op, term, ellipsis ? rest : 0);
    if (failed(labels))
      return failure();
    widest = std::max(widest, ellipsis ? rest : 0);
    equation.inputs.push_back(*labels);
  }
  if (hasOutput) {
    auto labels = parseTerm(op, right, right.contains("...") ? widest : 0);
    if (failed(labels))
      return failure();
    equation.output = *labels;
  } else {
    // Axes of the ellipsis, then the letters that stand once, in alphabetical order.
    for (int64_t axis = widest; axis > 0; --axis)
      equation.output.push_back(-axis);
    std::map<int64_t, int> counts;
    for (const Labels &labels : equation.inputs)
      for (int64_t label : labels)
        if (label > 0)
          ++counts[label];
    for (auto [label, count] : counts)
      if (count == 1)
        equation.output.push_back(label);
  }
  for (auto [i, label] : llvm::enumerate(equation.output)) {
    std::string name = label > 0 ? std::string(1, char(label)) : "...";
    if (llvm::none_of(equation.inputs, [&](const Labels &labels) { return llvm::is_contained(labels, label); }))
      return op.error("E-EINSUM", "equation '" + text + "' has '" + name + "' in its output, but in no input");
    if (llvm::is_contained(ArrayRef(equation.output).take_front(i), label))
      return op.error("E-EINSUM", "equation '" + text + "' has '" + name + "' twice in its output");
  }
  return equation;
}

/// The labels' places in `from`, in the order of `to`.
SmallVector<int64_t> permutationTo(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<int64_t> permutation;
  for (int64_t label : to)
    permutation.push_back(llvm::find(from, label) - from.begin());
  return permutation;
}

Value transposed(OpBinder &op, Value x, ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  return from == to ? x : op.transpose(x, permutationTo(from, to));
}

Labels joined(ArrayRef<int64_t> a, ArrayRef<int64_t> b, ArrayRef<int64_t> c = {}) {
  Labels all(a);
  llvm::append_range(all, b);
  llvm::append_range(all, c);
  return all;
}

/// How the labels of a product of two operands take part.
struct Roles {
  Labels batch, rows, columns, summed;
};

/// Null roles when the equation is no matrix product: repeated labels, axes that broadcast, or sums over one operand
/// alone.
std::optional<Roles> matMulRoles(OpBinder &op, const Equation &equation) {
  if (equation.inputs.size() != 2)
    return std::nullopt;
  Roles roles;
  for (int side = 0; side < 2; ++side) {
    const Labels &mine = equation.inputs[side], &other = equation.inputs[1 - side];
    for (auto [i, label] : llvm::enumerate(mine)) {
      if (llvm::count(mine, label) != 1)
        return std::nullopt;
      auto at = llvm::find(other, label);
      bool kept = llvm::is_contained(equation.output, label);
      if (at == other.end()) {
        if (!kept)
          return std::nullopt;
        (side == 0 ? roles.rows : roles.columns).push_back(label);
        continue;
      }
      if (op.shapes().dim(op.input(side), i) != op.shapes().dim(op.input(1 - side), at - other.begin()))
        return std::nullopt;
      if (side == 0)
        (kept ? roles.batch : roles.summed).push_back(label);
    }
  }
  return roles.summed.empty() ? std::nullopt : std::optional(roles);
}

Value asMatMul(OpBinder &op, const Equation &equation, const Roles &roles) {
  Value operands[2] = {op.input(0), op.input(1)};
  bool transposes[2];
  DimContext &d = op.dims();
  std::map<int64_t, Dim> size;
  for (int side = 0; side < 2; ++side)
    for (auto [label, dim] : llvm::zip(equation.inputs[side], op.shapes().dimsOf(operands[side])))
      size[label] = dim;
  auto dimsOf = [&](ArrayRef<int64_t> labels) {
    return llvm::map_to_vector(labels, [&](int64_t label) { return size[label]; });
  };
  for (int side = 0; side < 2; ++side) {
    // [batch, first, second]; read as it lies when it is [batch, second, first].
    const Labels &first = side == 0 ? roles.rows : roles.summed, &second = side == 0 ? roles.summed : roles.columns;
    const Labels &mine = equation.inputs[side];
    transposes[side] = mine == joined(roles.batch, second, first);
    if (!transposes[side])
      operands[side] = transposed(op, operands[side], mine, joined(roles.batch, first, second));
    if (!operands[side])
      return {};
    if (first.size() == 1 && second.size() == 1)
      continue;
    SmallVector<Dim> dims = dimsOf(roles.batch);
    dims.push_back(d.product(dimsOf(transposes[side] ? second : first)));
    dims.push_back(d.product(dimsOf(transposes[side] ? first : second)));
    operands[side] = op.reshape(operands[side], ArrayRef<Dim>(dims));
    if (!operands[side])
      return {};
  }
  Value y = op.create<MatMulOp>(operands[0], operands[1], transposes[0], transposes[1], TypeAttr());
  Labels order = joined(roles.batch, roles.rows, roles.columns);
  if (y && (roles.rows.size() != 1 || roles.columns.size() != 1))
    y = op.reshape(y, ArrayRef<Dim>(dimsOf(order)));
  return y ? transposed(op, y, order, equation.output) : Value();
}

LogicalResult einsum(OpBinder &op) {
  auto equation = parseEquation(op);
  if (failed(equation))
    return failure();
  if (auto roles = matMulRoles(op, *equation)) {
    Value y = asMatMul(op, *equation, *roles);
    return y ? op.result(y) : failure();
  }
  if (equation->inputs.size() == 1 && equation->inputs[0].size() == equation->output.size()) {
    Value y = transposed(op, op.input(0), equation->inputs[0], equation->output);
    return y ? op.result(y) : failure();
  }
  SmallVector<mlir::Attribute> labels;
  for (const Labels &list : equation->inputs)
    labels.push_back(op.builder.getDenseI64ArrayAttr(list));
  return op.result(
      op.create<EinsumOp>(op.inputs(), op.builder.getArrayAttr(labels), ArrayRef<int64_t>(equation->output)));
}

// ---- as ONNX

/// Labels become letters. Axes of size 1 that stand for a longer one are dropped: ONNX does not spread them.
LogicalResult exportEinsum(EinsumOp op, NodeBuilder &b) {
  std::map<int64_t, int64_t> size; // a label may be any number
  auto labelsOf = [&](unsigned i) { return cast<DenseI64ArrayAttr>(op.getLabels()[i]).asArrayRef(); };
  for (unsigned i = 0; i < op.getInputs().size(); ++i)
    for (auto [axis, label] : llvm::enumerate(labelsOf(i)))
      if (int64_t &known = size.try_emplace(label, 1).first->second; known == 1)
        known = cast<RankedTensorType>(op.getInputs()[i].getType()).getDimSize(axis);
  std::map<int64_t, char> letters;
  auto letter = [&](int64_t label) {
    size_t n = letters.size();
    return letters.try_emplace(label, n < 26 ? 'a' + n : 'A' + (n - 26)).first->second;
  };
  std::string equation;
  SmallVector<Edge> inputs;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    SmallVector<int64_t> dropped;
    equation += i ? "," : "";
    for (auto [axis, label] : llvm::enumerate(labelsOf(i))) {
      if (cast<RankedTensorType>(input.getType()).getDimSize(axis) == 1 && size[label] != 1)
        dropped.push_back(axis);
      else
        equation += letter(label);
    }
    inputs.push_back(dropped.empty() ? b(input) : b.squeeze(b(input), dropped));
  }
  equation += "->";
  for (int64_t label : op.getOutput())
    equation += letter(label);
  if (letters.size() > 52)
    return b.refuse("it has " + Twine(letters.size()) + " labels, and an equation has 52 letters");
  return b.result(b.node("Einsum", inputs, {{"equation", StringRef(equation)}}));
}

} // namespace

namespace cameo::onnx {
void registerEinsumHandlers(HandlerTable &table) {
  table.on("Einsum", 12, einsum);
  table.exports<EinsumOp>(exportEinsum);
}
} // namespace cameo::onnx

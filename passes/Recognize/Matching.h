// Matching.h - equations between values, seen through the arrangements that exporters choose.
#ifndef PASSES_RECOGNIZE_MATCHING_H
#define PASSES_RECOGNIZE_MATCHING_H
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {

/// True when `found` is `exact` up to its rounding to the element type of `value`, and a little more: exporters print
/// constants.
bool isRounded(double found, double exact, mlir::Value value);

/// True for a constant that is `number` everywhere, up to rounding.
bool isNumber(mlir::Value value, double number);

/// The other operand of a commutative op of which one operand is `number` everywhere; null when none is.
template <typename OpT> mlir::Value besideNumber(mlir::Value value, double number) {
  auto op = value.getDefiningOp<OpT>();
  for (unsigned i = 0; op && i < 2; ++i)
    if (isNumber(op->getOperand(i), number))
      return op->getOperand(1 - i);
  return {};
}

/// scale * product of the factors.
struct Product {
  double scale = 1;
  llvm::SmallVector<mlir::Value, 4> factors;
};

/// `value` as a product, through products and divisions by numbers: those that nothing else reads, or with `atom` all
/// that are not the atom itself. Factors are few: deep ones are taken as they are.
Product productOf(mlir::Value value, mlir::Value atom = {});

/// The factor k for which `value` is k * x.
std::optional<double> multipleOf(mlir::Value value, mlir::Value x);

/// A sum, mean or maximum over axes which stay with size 1.
struct Reduced {
  mlir::Value x;
  llvm::SmallVector<int64_t> axes; ///< ascending
};

/// `value` as a reduction, through expansions and views that put the axes back; a mean also as a sum divided by the
/// count.
std::optional<Reduced> reductionOf(GraphRewriter &graph, mlir::Value value, llvm::StringRef kind);

/// The u for which `value` is 1 / sqrt(u); null when there is none.
mlir::Value reciprocalRootOf(mlir::Value value);

} // namespace cameo
#endif

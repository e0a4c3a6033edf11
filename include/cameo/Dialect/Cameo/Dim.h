// Dim.h - a size that may be known only at run time: an integer polynomial over symbols.
//
// Two sizes are the same exactly when their Dims compare equal, so a pass may rely on `seq` being `seq` in two types
// that both say `?`. Dims are values: cheap to copy, compared by pointer, owned by the DimContext they came from, and
// dead with it.
//
// Worked example: with symbols s = size of %ids along 1 and p = size of %past along 2,
//   ctx.add(p, s) is the polynomial p + s;  ctx.sub(ctx.add(p, s), p) == s;  ctx.floorDiv(ctx.mul(s, ctx.constant(4)),
//   ctx.constant(2)) == 2*s.
#ifndef CAMEO_DIALECT_CAMEO_DIM_H
#define CAMEO_DIALECT_CAMEO_DIM_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/FunctionExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <optional>

namespace cameo {

struct DimNode;

/// A size. Null only when default-constructed.
class Dim {
public:
  Dim() = default;
  explicit Dim(const DimNode *node) : node(node) {}
  explicit operator bool() const { return node != nullptr; }
  bool operator==(Dim other) const { return node == other.node; }
  bool operator!=(Dim other) const { return node != other.node; }
  /// The value when it is known at compile time.
  std::optional<int64_t> constant() const;
  bool isConstant(int64_t value) const { return constant() == value; }
  /// What an MLIR shape says: the constant, or ShapedType::kDynamic.
  int64_t asStatic() const;
  const DimNode *getNode() const { return node; }
  void print(llvm::raw_ostream &os) const;

private:
  const DimNode *node = nullptr;
};

/// What a symbol or a non-polynomial operation stands for.
enum class AtomKind {
  SizeOf,    ///< run-time size of `value` along axis `index`
  ElementOf, ///< element number `index` (row-major) of the integer tensor `value`
  FloorDiv,  ///< floor(lhs / rhs)
  Mod,       ///< lhs - rhs * floor(lhs / rhs)
  Min,
  Max,
  Broadcast, ///< lhs == 1 ? rhs : lhs
};

struct DimAtom {
  AtomKind kind;
  mlir::Value value; ///< SizeOf, ElementOf
  int64_t index = 0; ///< SizeOf, ElementOf
  Dim lhs, rhs;      ///< the others
  unsigned id = 0;   ///< order of creation; fixes the order of terms
};

/// coefficient * product of atoms (sorted by id, repeated for powers).
struct DimTerm {
  int64_t coefficient;
  llvm::ArrayRef<const DimAtom *> atoms;
};

/// A sum of terms plus nothing else; the constant is the term without atoms.
struct DimNode {
  llvm::ArrayRef<DimTerm> terms;
};

/// Owns and uniques Dims. Not thread-safe.
class DimContext {
public:
  DimContext();
  ~DimContext();
  Dim constant(int64_t value);
  Dim sizeOf(mlir::Value value, int64_t axis);
  Dim elementOf(mlir::Value value, int64_t index);
  /// The value is erased: symbols made later for a value at its address are others.
  void retire(mlir::Value value);
  Dim add(Dim a, Dim b);
  Dim sub(Dim a, Dim b);
  Dim mul(Dim a, Dim b);
  Dim floorDiv(Dim a, Dim b);
  Dim ceilDiv(Dim a, Dim b);
  Dim mod(Dim a, Dim b);
  Dim min(Dim a, Dim b);
  Dim max(Dim a, Dim b);
  /// NumPy's rule for one axis. Equal sizes and 1 fold; null when both are constants that do not fit.
  Dim broadcast(Dim a, Dim b);
  Dim product(llvm::ArrayRef<Dim> dims);

  Dim add(Dim a, int64_t b) { return add(a, constant(b)); }
  Dim sub(Dim a, int64_t b) { return sub(a, constant(b)); }
  Dim mul(Dim a, int64_t b) { return mul(a, constant(b)); }
  Dim floorDiv(Dim a, int64_t b) { return floorDiv(a, constant(b)); }
  Dim ceilDiv(Dim a, int64_t b) { return ceilDiv(a, constant(b)); }

  /// True when the value can't be negative: sizes, and sums and products of such.
  bool isNonNegative(Dim d) const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// Every SizeOf/ElementOf atom that `d` depends on.
void forEachSymbol(Dim d, llvm::function_ref<void(const DimAtom &)> fn);

inline llvm::raw_ostream &operator<<(llvm::raw_ostream &os, Dim d) {
  d.print(os);
  return os;
}

} // namespace cameo
#endif

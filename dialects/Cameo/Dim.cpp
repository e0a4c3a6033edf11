// Dim.cpp - polynomials over sizes, uniqued.
#include "cameo/Dialect/Cameo/Dim.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <map>
#include <tuple>
#include <vector>

using namespace cameo;

namespace {
using Monomial = std::vector<const DimAtom *>;

bool atomBefore(const DimAtom *a, const DimAtom *b) { return a->id < b->id; }

struct MonomialLess {
  bool operator()(const Monomial &a, const Monomial &b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), atomBefore);
  }
};

/// A polynomial being computed: monomial -> coefficient, no zero coefficients.
using Polynomial = std::map<Monomial, int64_t, MonomialLess>;

Polynomial polynomial(Dim d) {
  Polynomial p;
  for (const DimTerm &t : d.getNode()->terms)
    p[Monomial(t.atoms.begin(), t.atoms.end())] = t.coefficient;
  return p;
}

// What leaves 64 bits stays at their end, where no tensor can be: it must not come back as a size that fits. The least
// number of all means a dynamic size in MLIR's types.
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

int64_t saturatedSum(int64_t a, int64_t b) {
  int64_t sum;
  return llvm::AddOverflow(a, b, sum) ? (a < 0 ? -kMost : kMost) : sum;
}

int64_t saturatedProduct(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product) ? ((a < 0) != (b < 0) ? -kMost : kMost) : product;
}

void accumulate(Polynomial &p, const Monomial &m, int64_t coefficient) {
  int64_t &c = p[m];
  c = saturatedSum(c, coefficient);
  if (c == 0)
    p.erase(m);
}

int64_t floorDivide(int64_t a, int64_t b) {
  if (b == -1)
    return saturatedProduct(a, -1);
  int64_t q = a / b;
  return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}
} // namespace

namespace {
/// What was found out when the atom or the sum was made. Sizes are graphs: to ask again along every path would take too
/// long.
struct KnownAtom : DimAtom {
  bool isNonNegative;
};
struct KnownNode : DimNode {
  bool isNonNegative;
};

bool isNonNegative(const DimAtom *a) { return static_cast<const KnownAtom *>(a)->isNonNegative; }
bool isNonNegative(Dim d) { return static_cast<const KnownNode *>(d.getNode())->isNonNegative; }

bool isNonNegative(AtomKind kind, Dim lhs, Dim rhs) {
  switch (kind) {
  case AtomKind::SizeOf:
    return true;
  case AtomKind::ElementOf:
    return false;
  case AtomKind::Max:
    return isNonNegative(lhs) || isNonNegative(rhs);
  case AtomKind::Mod:
    return isNonNegative(rhs);
  default:
    return isNonNegative(lhs) && isNonNegative(rhs);
  }
}

bool isNonNegative(llvm::ArrayRef<DimTerm> terms) {
  return llvm::all_of(terms, [](const DimTerm &t) {
    return t.coefficient >= 0 && llvm::all_of(t.atoms, [](const DimAtom *a) { return isNonNegative(a); });
  });
}
} // namespace

struct DimContext::Impl {
  llvm::BumpPtrAllocator memory;
  std::map<std::vector<std::pair<int64_t, Monomial>>, Dim> nodes;
  std::map<std::tuple<AtomKind, void *, int64_t, const DimNode *, const DimNode *>, const DimAtom *> atoms;
  unsigned nextId = 0;

  Dim intern(const Polynomial &p) {
    std::vector<std::pair<int64_t, Monomial>> key;
    for (auto &[m, c] : p)
      key.emplace_back(c, m);
    Dim &slot = nodes[key];
    if (!slot) {
      auto *terms = memory.Allocate<DimTerm>(key.size());
      for (auto [i, entry] : llvm::enumerate(key)) {
        auto *list = memory.Allocate<const DimAtom *>(entry.second.size());
        std::copy(entry.second.begin(), entry.second.end(), list);
        new (&terms[i]) DimTerm{entry.first, llvm::ArrayRef(list, entry.second.size())};
      }
      llvm::ArrayRef sum(terms, key.size());
      slot = Dim(new (memory.Allocate<KnownNode>()) KnownNode{{sum}, ::isNonNegative(sum)});
    }
    return slot;
  }

  Dim atom(AtomKind kind, mlir::Value value, int64_t index, Dim lhs = {}, Dim rhs = {}) {
    const DimAtom *&a = atoms[{kind, value.getAsOpaquePointer(), index, lhs.getNode(), rhs.getNode()}];
    if (!a)
      a = new (memory.Allocate<KnownAtom>())
          KnownAtom{{kind, value, index, lhs, rhs, nextId++}, ::isNonNegative(kind, lhs, rhs)};
    return intern({{Monomial{a}, 1}});
  }
};

DimContext::DimContext() : impl(std::make_unique<Impl>()) {}
DimContext::~DimContext() = default;

std::optional<int64_t> Dim::constant() const {
  if (!node)
    return std::nullopt;
  if (node->terms.empty())
    return 0;
  if (node->terms.size() == 1 && node->terms[0].atoms.empty())
    return node->terms[0].coefficient;
  return std::nullopt;
}

int64_t Dim::asStatic() const { return constant().value_or(mlir::ShapedType::kDynamic); }

static void printAtom(llvm::raw_ostream &os, const DimAtom &a) {
  switch (a.kind) {
  case AtomKind::SizeOf:
    os << "s" << a.id;
    return;
  case AtomKind::ElementOf:
    os << "e" << a.id;
    return;
  case AtomKind::FloorDiv:
    os << "(" << a.lhs << " / " << a.rhs << ")";
    return;
  case AtomKind::Mod:
    os << "(" << a.lhs << " mod " << a.rhs << ")";
    return;
  case AtomKind::Min:
    os << "min(" << a.lhs << ", " << a.rhs << ")";
    return;
  case AtomKind::Max:
    os << "max(" << a.lhs << ", " << a.rhs << ")";
    return;
  case AtomKind::Broadcast:
    os << "broadcast(" << a.lhs << ", " << a.rhs << ")";
    return;
  }
}

void Dim::print(llvm::raw_ostream &os) const {
  if (!node || node->terms.empty()) {
    os << (node ? "0" : "null");
    return;
  }
  bool first = true;
  for (const DimTerm &t : node->terms) {
    if (!first)
      os << " + ";
    first = false;
    if (t.atoms.empty() || t.coefficient != 1)
      os << t.coefficient << (t.atoms.empty() ? "" : "*");
    llvm::interleave(t.atoms, os, [&](const DimAtom *a) { printAtom(os, *a); }, "*");
  }
}

Dim DimContext::constant(int64_t value) {
  Polynomial p;
  if (value)
    p[{}] = value;
  return impl->intern(p);
}

Dim DimContext::sizeOf(mlir::Value value, int64_t axis) { return impl->atom(AtomKind::SizeOf, value, axis); }
Dim DimContext::elementOf(mlir::Value value, int64_t index) { return impl->atom(AtomKind::ElementOf, value, index); }

void DimContext::retire(mlir::Value value) {
  for (AtomKind kind : {AtomKind::SizeOf, AtomKind::ElementOf}) {
    auto first = impl->atoms.lower_bound({kind, value.getAsOpaquePointer(), INT64_MIN, nullptr, nullptr}), last = first;
    while (last != impl->atoms.end() && std::get<0>(last->first) == kind &&
           std::get<1>(last->first) == value.getAsOpaquePointer())
      ++last;
    impl->atoms.erase(first, last);
  }
}

Dim DimContext::add(Dim a, Dim b) {
  Polynomial p = polynomial(a);
  for (const DimTerm &t : b.getNode()->terms)
    accumulate(p, Monomial(t.atoms.begin(), t.atoms.end()), t.coefficient);
  return impl->intern(p);
}

Dim DimContext::sub(Dim a, Dim b) { return add(a, mul(b, constant(-1))); }

Dim DimContext::mul(Dim a, Dim b) {
  Polynomial p;
  for (const DimTerm &s : a.getNode()->terms)
    for (const DimTerm &t : b.getNode()->terms) {
      Monomial m(s.atoms.begin(), s.atoms.end());
      m.insert(m.end(), t.atoms.begin(), t.atoms.end());
      std::sort(m.begin(), m.end(), atomBefore);
      accumulate(p, m, saturatedProduct(s.coefficient, t.coefficient));
    }
  return impl->intern(p);
}

/// By degree, then as words: an order that products keep, so that long division ends.
static bool isLower(const Monomial &a, const Monomial &b) {
  return a.size() != b.size() ? a.size() < b.size() : MonomialLess()(b, a);
}

static Polynomial::const_iterator highest(const Polynomial &p) {
  return llvm::max_element(p, [](auto &a, auto &b) { return isLower(a.first, b.first); });
}

/// a / b, by long division, when nothing remains; null otherwise.
static std::optional<Polynomial> divideExactly(Dim a, Dim b) {
  Polynomial quotient, rest = polynomial(a), by = polynomial(b);
  auto divisor = highest(by);
  while (!rest.empty()) {
    auto [lead, coefficient] = *highest(rest);
    if (coefficient % divisor->second != 0)
      return std::nullopt;
    Monomial factor;
    std::set_difference(lead.begin(), lead.end(), divisor->first.begin(), divisor->first.end(),
                        std::back_inserter(factor), atomBefore);
    if (factor.size() + divisor->first.size() != lead.size())
      return std::nullopt;
    int64_t times = coefficient / divisor->second;
    accumulate(quotient, factor, times);
    for (auto &[monomial, c] : by) {
      Monomial product;
      std::merge(monomial.begin(), monomial.end(), factor.begin(), factor.end(), std::back_inserter(product),
                 atomBefore);
      accumulate(rest, product, -times * c);
    }
  }
  return quotient;
}

Dim DimContext::floorDiv(Dim a, Dim b) {
  auto ca = a.constant(), cb = b.constant();
  if (ca && cb && *cb != 0)
    return constant(floorDivide(*ca, *cb));
  if (cb == 1)
    return a;
  if (a == b)
    return constant(1);
  if (cb != 0)
    if (auto exact = divideExactly(a, b))
      return impl->intern(*exact);
  return impl->atom(AtomKind::FloorDiv, {}, 0, a, b);
}

Dim DimContext::ceilDiv(Dim a, Dim b) {
  if (auto cb = b.constant(); cb && *cb != 0)
    if (auto exact = divideExactly(a, b))
      return impl->intern(*exact);
  // ceil(a / b) = -floor(-a / b)
  return mul(floorDiv(mul(a, -1), b), -1);
}

Dim DimContext::mod(Dim a, Dim b) {
  auto ca = a.constant(), cb = b.constant();
  if (ca && cb && *cb != 0)
    return constant(*ca - *cb * floorDivide(*ca, *cb));
  if (a == b || cb == 1)
    return constant(0);
  if (cb != 0 && divideExactly(a, b))
    return constant(0);
  return impl->atom(AtomKind::Mod, {}, 0, a, b);
}

bool DimContext::isNonNegative(Dim d) const { return ::isNonNegative(d); }

Dim DimContext::min(Dim a, Dim b) {
  if (a == b || isNonNegative(sub(b, a)))
    return a;
  if (isNonNegative(sub(a, b)))
    return b;
  return impl->atom(AtomKind::Min, {}, 0, a, b);
}

Dim DimContext::max(Dim a, Dim b) {
  if (a == b || isNonNegative(sub(a, b)))
    return a;
  if (isNonNegative(sub(b, a)))
    return b;
  return impl->atom(AtomKind::Max, {}, 0, a, b);
}

/// True for min(whole, c) with a constant c of 2 or more.
static bool isLeastOf(Dim part, Dim whole) {
  llvm::ArrayRef<DimTerm> terms = part.getNode()->terms;
  if (terms.size() != 1 || terms[0].coefficient != 1 || terms[0].atoms.size() != 1)
    return false;
  const DimAtom &atom = *terms[0].atoms[0];
  if (atom.kind != AtomKind::Min || (atom.lhs != whole && atom.rhs != whole))
    return false;
  auto least = (atom.lhs == whole ? atom.rhs : atom.lhs).constant();
  return least && *least >= 2;
}

Dim DimContext::broadcast(Dim a, Dim b) {
  auto ca = a.constant(), cb = b.constant();
  if (a == b || cb == 1)
    return a;
  if (ca == 1)
    return b;
  if (ca && cb)
    return {};
  // One constant above 1 decides; that the other fits it is checked at run time by its kernel's caller.
  if (ca)
    return a;
  if (cb)
    return b;
  // A part of an axis against the whole: where it is less than that they do not fit.
  for (auto [whole, part] : {std::pair(a, b), std::pair(b, a)})
    if (isLeastOf(part, whole))
      return whole;
  return impl->atom(AtomKind::Broadcast, {}, 0, a, b);
}

Dim DimContext::product(llvm::ArrayRef<Dim> dims) {
  Dim p = constant(1);
  for (Dim d : dims)
    p = mul(p, d);
  return p;
}

void cameo::forEachSymbol(Dim d, llvm::function_ref<void(const DimAtom &)> fn) {
  llvm::SmallPtrSet<const DimAtom *, 8> seen;
  llvm::SmallVector<const DimNode *> stack{d.getNode()};
  while (!stack.empty())
    for (const DimTerm &t : stack.pop_back_val()->terms)
      for (const DimAtom *a : t.atoms)
        if (!seen.insert(a).second)
          continue;
        else if (a->kind == AtomKind::SizeOf || a->kind == AtomKind::ElementOf)
          fn(*a);
        else
          stack.append({a->rhs.getNode(), a->lhs.getNode()});
}

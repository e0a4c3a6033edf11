// CheckTensors.cpp - sizes and payloads of every tensor of a model; external files are mapped on the way.
#include "Check.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/MathExtras.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

std::string dimsText(llvm::ArrayRef<int64_t> dims) {
  std::string text;
  for (int64_t dim : dims)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return dims.empty() ? "a scalar" : text;
}

/// The field that must hold elements of this type when raw_data doesn't.
TensorView::Payload typedPayload(DataType type) {
  switch (type) {
  case DataType::Float:
  case DataType::Complex64:
    return TensorView::Payload::Float;
  case DataType::Double:
  case DataType::Complex128:
    return TensorView::Payload::Double;
  case DataType::Int64:
    return TensorView::Payload::Int64;
  case DataType::UInt32:
  case DataType::UInt64:
    return TensorView::Payload::UInt64;
  case DataType::String:
    return TensorView::Payload::String;
  default:
    return TensorView::Payload::Int32;
  }
}

/// Range of the entries of int32_data and uint64_data for a type narrower than the field. Floats are unsigned bits.
std::pair<int64_t, int64_t> entryRange(DataType type) {
  switch (type) {
  case DataType::Int8:
    return {INT8_MIN, INT8_MAX};
  case DataType::Int16:
    return {INT16_MIN, INT16_MAX};
  case DataType::Int32:
    return {INT32_MIN, INT32_MAX};
  case DataType::UInt32:
    return {0, UINT32_MAX};
  case DataType::Bool:
    return {0, 1};
  case DataType::Float6E2M3:
  case DataType::Float6E3M2:
    return {0, 63};
  case DataType::Int4: // packed bytes, which writers give signed or unsigned
  case DataType::Int2:
    return {INT8_MIN, UINT8_MAX};
  default:
    return bitWidth(type) == 16 ? std::pair<int64_t, int64_t>{0, UINT16_MAX}
                                : std::pair<int64_t, int64_t>{0, UINT8_MAX};
  }
}

class TensorChecker {
public:
  TensorChecker(ExternalData &external, Report &report) : external(external), report(report) {}

  void graph(Graph &g) {
    for (TensorView &t : g.initializers)
      dense(t, "initializer '" + escaped(t.name) + "'");
    for (SparseTensorView &t : g.sparseInitializers)
      sparse(t, "sparse initializer '" + escaped(t.values.name) + "'");
  }

  void nodes(std::vector<Node> &list) {
    forEachNode(list, [&](Node &node, int) {
      for (Attribute &a : node.attributes) {
        attribute(a, &node);
        for (const auto &subgraph : subgraphs(a))
          graph(mutableGraph(subgraph));
      }
    });
  }

  void attribute(Attribute &a, const Node *node) {
    auto *tensors = std::get_if<std::vector<TensorView>>(&a.value);
    auto *sparseTensors = std::get_if<std::vector<SparseTensorView>>(&a.value);
    if (!tensors && !sparseTensors)
      return;
    std::string what = "attribute '" + escaped(a.name) + "'";
    if (node)
      what += " of node " + (node->name.empty() ? "#" + std::to_string(node->index) : "'" + escaped(node->name) + "'");
    if (tensors)
      for (TensorView &t : *tensors)
        dense(t, what);
    if (sparseTensors)
      for (SparseTensorView &t : *sparseTensors)
        sparse(t, what);
  }

private:
  ExternalData &external;
  Report &report;
  int64_t constantBytes = 0;
  bool overLimit = false;

  /// Elements that `dims` ask for, or nullopt after a report.
  std::optional<int64_t> elements(llvm::ArrayRef<int64_t> dims, const std::string &what) {
    bool hasZero = false;
    for (int64_t dim : dims) {
      if (dim < 0) {
        report.error("E-DIM", what + " has the dimension " + Twine(dim) + "; expected at least 0");
        return std::nullopt;
      }
      if (dim > report.limits.dim) {
        report.limit("E-LIMIT", what + " has the dimension " + Twine(dim), &ImportLimits::dim);
        return std::nullopt;
      }
      hasZero |= dim == 0;
    }
    int64_t product = 1;
    for (int64_t dim : dims)
      // A size times zero is zero, but sizes computed from parts of such a shape could overflow later.
      if (llvm::MulOverflow(product, std::max<int64_t>(dim, 1), product)) {
        report.error("E-OVERFLOW", what + " has the shape " + dimsText(dims) + ", whose element count exceeds 2^63",
                     ExitCode::LimitExceeded);
        return std::nullopt;
      }
    return hasZero ? 0 : product;
  }

  /// Bytes of `count` dense elements, counted against the limit of the model; nullopt after a report.
  std::optional<int64_t> bytes(int64_t count, DataType type, const std::string &what) {
    int64_t bits = bitWidth(type), size = 0;
    if (llvm::MulOverflow(count, std::max<int64_t>(bits, 1), size)) {
      report.error("E-OVERFLOW", what + " has more than 2^63 bits", ExitCode::LimitExceeded);
      return std::nullopt;
    }
    size = size / 8 + (size % 8 != 0);
    constantBytes = std::min(INT64_MAX / 2, constantBytes) + std::min(INT64_MAX / 2, size);
    if (constantBytes > report.limits.constantBytes) {
      if (!overLimit)
        report.limit("E-LIMIT", "the constant tensors up to " + what + " have " + Twine(constantBytes) + " bytes",
                     &ImportLimits::constantBytes);
      overLimit = true;
      return std::nullopt;
    }
    return size;
  }

  bool dense(TensorView &t, const std::string &what) {
    std::optional<int64_t> count = elements(t.dims, what);
    if (!count)
      return false;
    // What is in the file is compared first: a lying shape is the likelier reason for a huge size.
    if (t.payload != TensorView::Payload::External && !payload(t, *count, what))
      return false;
    if (!bytes(*count, t.type, what))
      return false;
    if (t.payload == TensorView::Payload::External) {
      if (t.type == DataType::String) {
        report.error("E-TENSOR", what + " holds strings in an external file; they must be in the model");
        return false;
      }
      external.resolve(t, what, report);
      if (t.view.size() != size_t(t.byteSize()))
        return false; // reported by resolve
    }
    return values(t, *count, what);
  }

  bool payload(const TensorView &t, int64_t count, const std::string &what) {
    auto mismatch = [&](const Twine &found, const Twine &wanted) {
      report.error("E-TENSOR", what + " has " + found + ", expected " + wanted + " for " + dimsText(t.dims) + " of " +
                                   dataTypeName(t.type));
      return false;
    };
    int64_t bits = bitWidth(t.type);
    if (t.payload == TensorView::Payload::Raw) {
      if (t.type == DataType::String)
        return mismatch("raw_data", "string_data");
      // 128-bit arithmetic, since count is bounded by 2^63 only.
      auto wanted = (static_cast<unsigned __int128>(count) * bits + 7) / 8;
      if (wanted != static_cast<unsigned __int128>(t.storedCount))
        return mismatch(Twine(t.storedCount) + " bytes",
                        wanted > INT64_MAX ? Twine("over 2^63 bytes") : Twine(int64_t(wanted)));
      return true;
    }
    if (t.payload == TensorView::Payload::None)
      return count == 0 || mismatch("no data", Twine(count) + " elements");
    if (t.payload != typedPayload(t.type))
      return mismatch("its data in a field of another type", "elements");
    bool isComplex = t.type == DataType::Complex64 || t.type == DataType::Complex128;
    int64_t wanted = count;
    if (isComplex && llvm::MulOverflow(count, int64_t(2), wanted))
      wanted = INT64_MAX;
    if (bits == 4 || bits == 2)
      wanted = llvm::divideCeil(count, 8 / bits);
    if (t.storedCount != wanted)
      return mismatch(Twine(t.storedCount) + " elements", Twine(wanted));
    return true;
  }

  /// Entries that don't fit the type, and bools other than 0 and 1, which compiled code relies on.
  bool values(const TensorView &t, int64_t count, const std::string &what) {
    auto outOfRange = [&](int64_t value, std::pair<int64_t, int64_t> range) {
      report.error("E-TENSOR", what + " has the entry " + Twine(value) + "; expected " + Twine(range.first) + " to " +
                                   Twine(range.second) + " for " + dataTypeName(t.type));
      return false;
    };
    auto range = entryRange(t.type);
    bool narrow = t.payload == TensorView::Payload::Int32 ||
                  (t.payload == TensorView::Payload::UInt64 && t.type == DataType::UInt32);
    if (narrow) {
      std::optional<int64_t> bad = firstEntryOutside(t, range.first, range.second);
      return !bad || outOfRange(*bad, range);
    }
    if (t.type == DataType::Bool)
      for (char byte : t.view)
        if (static_cast<uint8_t>(byte) > 1)
          return outOfRange(static_cast<uint8_t>(byte), range);
    return true;
  }

  void sparse(SparseTensorView &t, const std::string &what) {
    if (!dense(t.values, "values of " + what) || !dense(t.indices, "indices of " + what))
      return;
    std::optional<int64_t> count = elements(t.dims, what);
    if (!count || !bytes(*count, t.values.type, what))
      return;
    auto bad = [&](const Twine &problem) { report.error("E-SPARSE", what + " " + problem); };
    if (t.values.dims.size() != 1)
      return bad("has values of rank " + Twine(t.values.dims.size()) + "; expected 1");
    int64_t stored = t.values.dims[0], rank = t.dims.size();
    if (t.indices.type != DataType::Int64)
      return bad("has indices of type " + dataTypeName(t.indices.type) + "; expected int64");
    bool linear = t.indices.dims.size() == 1 && t.indices.dims[0] == stored;
    bool coordinates = t.indices.dims.size() == 2 && t.indices.dims[0] == stored && t.indices.dims[1] == rank;
    if (!linear && !coordinates)
      return bad("has indices of shape " + dimsText(t.indices.dims) + "; expected " + Twine(stored) + " or " +
                 Twine(stored) + "x" + Twine(rank));
    std::vector<int64_t> indices = t.indices.integers();
    for (size_t i = 0; i < indices.size(); ++i) {
      int64_t bound = linear ? *count : t.dims[i % rank];
      if (indices[i] < 0 || indices[i] >= bound)
        return bad("has the index " + Twine(indices[i]) + "; expected 0 to " + Twine(bound - 1));
    }
    std::vector<int64_t> positions = t.positions();
    for (size_t i = 1; i < positions.size(); ++i)
      if (positions[i] <= positions[i - 1])
        return bad("has indices that do not ascend (position " + Twine(positions[i]) + " after " +
                   Twine(positions[i - 1]) + ")");
  }
};

} // namespace

void checkTensors(Model &model, ExternalData &external, Report &report) {
  TensorChecker checker(external, report);
  checker.graph(model.graph);
  checker.nodes(model.graph.nodes);
  for (Function &f : model.functions) {
    for (Attribute &a : f.defaultAttributes)
      checker.attribute(a, nullptr);
    checker.nodes(f.nodes);
  }
}

} // namespace cameo::onnx

// ParserValues.cpp - the messages that describe values: tensors, types, names.
#include "ParserImpl.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ConvertUTF.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

bool isUtf8(StringRef text) {
  if (llvm::all_of(text, [](char c) { return static_cast<signed char>(c) > 0; }))
    return true;
  const auto *at = reinterpret_cast<const llvm::UTF8 *>(text.begin());
  return !text.contains('\0') && llvm::isLegalUTF8String(&at, reinterpret_cast<const llvm::UTF8 *>(text.end()));
}

} // namespace

StringRef Parser::name(Fields &fields, const Twine &what) {
  StringRef text = fields.bytes();
  if (int64_t(text.size()) > limits.nameBytes)
    failLimit(what + " '" + escaped(text.take_front(40)) + "...' is " + Twine(text.size()) + " bytes long",
              &ImportLimits::nameBytes);
  if (!isUtf8(text))
    fail("E-UTF8", what + " is not UTF-8 text: '" + escaped(text) + "'");
  return text;
}

void Parser::tensor(StringRef message, TensorView &t, int depth) {
  enter(depth, "TensorProto");
  t.message = message;
  uint32_t payloads = 0; // bit per Payload that has entries
  bool external = false, scattered = false;
  uint64_t type = 0;
  auto use = [&](TensorView::Payload payload) {
    payloads |= 1u << unsigned(payload);
    t.payload = payload;
  };
  auto fixed = [&](Fields &f, TensorView::Payload payload, unsigned width) {
    StringRef run = f.repeatedFixed(width);
    if (run.empty())
      return;
    scattered |= t.storedCount != 0;
    t.view = run;
    t.storedCount += run.size() / width;
    use(payload);
  };
  auto varints = [&](Fields &f, TensorView::Payload payload) {
    f.repeatedVarint([&](uint64_t) {
      ++t.storedCount;
      use(payload);
    });
  };
  for (Fields f(message, "TensorProto"); f.next();)
    switch (f.tag()) {
    case 1:
      f.repeatedVarint([&](uint64_t dim) {
        if (int64_t(t.dims.size()) >= limits.rank)
          failLimit("tensor '" + escaped(t.name) + "' has over " + Twine(limits.rank) + " dimensions",
                    &ImportLimits::rank, "E-RANK");
        t.dims.push_back(dim);
      });
      break;
    case 2:
      type = f.varint();
      break;
    case 3:
      fail("E-TENSOR", "tensor '" + escaped(t.name) + "' is one segment of a larger one, which is not supported",
           ExitCode::Unsupported);
    case 4:
      fixed(f, TensorView::Payload::Float, 4);
      break;
    case 5:
      varints(f, TensorView::Payload::Int32);
      break;
    case 6:
      f.bytes();
      ++t.storedCount;
      use(TensorView::Payload::String);
      break;
    case 7:
      varints(f, TensorView::Payload::Int64);
      break;
    case 8:
      t.name = name(f, "the name of a tensor");
      break;
    case 9: {
      StringRef raw = f.bytes();
      if (raw.empty())
        break;
      if (payloads >> unsigned(TensorView::Payload::Raw) & 1)
        fail("E-TENSOR", "tensor '" + escaped(t.name) + "' has raw_data twice");
      t.view = raw;
      t.storedCount = raw.size();
      use(TensorView::Payload::Raw);
      break;
    }
    case 10:
      fixed(f, TensorView::Payload::Double, 8);
      break;
    case 11:
      varints(f, TensorView::Payload::UInt64);
      break;
    case 13:
      // Read by ExternalData.cpp; here it is made sure that this can't fail.
      for (Fields entry(f.bytes(), "StringStringEntryProto"); entry.next();)
        if (entry.tag() == 1 || entry.tag() == 2)
          entry.bytes();
      break;
    case 14: {
      uint64_t location = f.varint();
      if (location > 1)
        fail("E-TENSOR", "tensor '" + escaped(t.name) + "' has data_location " + Twine(location) + "; expected 0 or 1");
      external = location == 1;
      break;
    }
    }
  if (external && payloads)
    fail("E-TENSOR", "tensor '" + escaped(t.name) + "' has data in the model and in an external file");
  if (payloads & (payloads - 1))
    fail("E-TENSOR", "tensor '" + escaped(t.name) + "' has data in two fields");
  if (external)
    t.payload = TensorView::Payload::External;
  if (scattered)
    t.view = StringRef();
  if (type > uint64_t(lastDataType) || type == 0)
    fail("E-DTYPE", "tensor '" + escaped(t.name) + "' has data_type " + Twine(type) +
                        ", which is not an element type of ONNX; expected 1 to " + Twine(lastDataType));
  t.type = DataType(type);
}

void Parser::sparseTensor(StringRef message, SparseTensorView &t, int depth) {
  enter(depth, "SparseTensorProto");
  bool hasValues = false, hasIndices = false;
  for (Fields f(message, "SparseTensorProto"); f.next();)
    switch (f.tag()) {
    case 1:
      once(hasValues, "values of a sparse tensor");
      tensor(f.bytes(), t.values, depth + 1);
      break;
    case 2:
      once(hasIndices, "indices of a sparse tensor");
      tensor(f.bytes(), t.indices, depth + 1);
      break;
    case 3:
      f.repeatedVarint([&](uint64_t dim) {
        if (int64_t(t.dims.size()) >= limits.rank)
          failLimit("a sparse tensor has over " + Twine(limits.rank) + " dimensions", &ImportLimits::rank, "E-RANK");
        t.dims.push_back(dim);
      });
      break;
    }
  if (!hasValues || !hasIndices)
    fail("E-SPARSE", "a sparse tensor has no " + Twine(hasValues ? "indices" : "values"));
}

void Parser::valueInfo(StringRef message, ValueInfo &info, int depth) {
  enter(depth, "ValueInfoProto");
  count(valueInfos, &ImportLimits::valueInfos, "declared types");
  bool hasType = false;
  for (Fields f(message, "ValueInfoProto"); f.next();)
    switch (f.tag()) {
    case 1:
      info.name = name(f, "the name of a value");
      break;
    case 2:
      once(hasType, "the type of a value");
      type(f.bytes(), info.type, depth + 1);
      break;
    }
}

void Parser::type(StringRef message, ValueType &t, int depth) {
  enter(depth, "TypeProto");
  auto become = [&](ValueType::Kind kind) {
    if (t.kind != ValueType::Kind::None)
      fail("E-PARSE", "a TypeProto holds two types");
    t.kind = kind;
  };
  auto elementType = [](uint64_t value) {
    if (value > uint64_t(lastDataType))
      fail("E-DTYPE", "a type has element type " + Twine(value) + ", which ONNX does not define; expected 1 to " +
                          Twine(lastDataType));
    return DataType(value);
  };
  /// The sub-message of Tensor, Sequence, Map and Optional: 1 is an element type or a TypeProto, 2 a shape or a
  /// TypeProto.
  auto body = [&](StringRef bytes, uint32_t elementTypeTag, uint32_t shapeTag, uint32_t nestedTag) {
    for (Fields f(bytes, "TypeProto's content"); f.next();) {
      if (f.tag() == elementTypeTag) {
        t.elementType = elementType(f.varint());
      } else if (f.tag() == shapeTag) {
        once(t.hasShape, "the shape of a type");
        shape(f.bytes(), t);
      } else if (f.tag() == nestedTag) {
        if (t.element)
          fail("E-PARSE", "a TypeProto holds two element types");
        auto element = std::make_shared<ValueType>();
        type(f.bytes(), *element, depth + 2);
        t.element = std::move(element);
      }
    }
  };
  for (Fields f(message, "TypeProto"); f.next();)
    switch (f.tag()) {
    case 1:
      become(ValueType::Kind::Tensor);
      body(f.bytes(), 1, 2, 0);
      break;
    case 4:
      become(ValueType::Kind::Sequence);
      body(f.bytes(), 0, 0, 1);
      break;
    case 5:
      become(ValueType::Kind::Map);
      body(f.bytes(), 1, 0, 2);
      break;
    case 7:
      become(ValueType::Kind::Opaque);
      break;
    case 8:
      become(ValueType::Kind::SparseTensor);
      body(f.bytes(), 1, 2, 0);
      break;
    case 9:
      become(ValueType::Kind::Optional);
      body(f.bytes(), 0, 0, 1);
      break;
    }
}

void Parser::shape(StringRef message, ValueType &t) {
  for (Fields f(message, "TensorShapeProto"); f.next();) {
    if (f.tag() != 1)
      continue;
    if (int64_t(t.dims.size()) >= limits.rank)
      failLimit("a declared shape has over " + Twine(limits.rank) + " dimensions", &ImportLimits::rank, "E-RANK");
    Dimension &dim = t.dims.emplace_back();
    for (Fields d(f.bytes(), "TensorShapeProto.Dimension"); d.next();)
      switch (d.tag()) {
      case 1: {
        int64_t value = d.varint();
        // -1 is what some exporters write for a size that they don't know.
        if (value < -1)
          fail("E-DIM", "a declared shape has the dimension " + Twine(value) + "; expected at least 0");
        if (value > limits.dim)
          failLimit("a declared shape has the dimension " + Twine(value), &ImportLimits::dim);
        dim.value = value;
        break;
      }
      case 2:
        dim.param = name(d, "a dim_param");
        break;
      }
    if (dim.isStatic())
      dim.param = StringRef();
  }
}

} // namespace cameo::onnx

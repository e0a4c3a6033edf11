// Export.cpp - collected models as protobuf. The graph is written in pieces, so that weights are never copied.
#include "cameo/Export/ONNX/Export.h"
#include "GraphExporter.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"
#include <protozero/pbf_writer.hpp>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;
using protozero::pbf_writer;

// Field numbers are those of onnx.proto.
namespace {

enum AttributeKind { kFloat = 1, kInt = 2, kString = 3, kTensor = 4, kGraph = 5, kFloats = 6, kInts = 7, kStrings = 8 };

/// Initializers of at least so many bytes go into the file of weights, where there is one.
constexpr int64_t kExternalBytes = 1024;
/// Of their places in it, so that it can be mapped.
constexpr int64_t kExternalAlignment = 4096;

bool isText(ElementsAttr value) { return isa<StringType>(value.getElementType()); }
int64_t rawBytes(ElementsAttr value) { return isText(value) ? 0 : constantBytes(value); }

class FileWriter {
public:
  FileWriter(const ModelRecord &model, StringRef dataName) : model(model), dataName(dataName) {}

  void write(llvm::raw_ostream &os);

private:
  std::string_view name(int64_t number) const { return number < 0 ? std::string_view() : model.tensorNames[number]; }
  void type(pbf_writer &&to, RankedTensorType type, ArrayRef<std::string> dims);
  void value(pbf_writer &&to, const ValueRecord &value);
  void tensorHeader(pbf_writer &to, ElementsAttr value, ArrayRef<int64_t> dims, std::string_view name);
  void attribute(pbf_writer &&to, const NodeAttribute &attribute);
  void graph(pbf_writer &to, const GraphRecord &graph);

  const ModelRecord &model;
  StringRef dataName;
};

} // namespace

void FileWriter::type(pbf_writer &&to, RankedTensorType type, ArrayRef<std::string> dims) {
  // Messages that may be empty are written as bytes: protozero leaves out empty ones that it nests.
  std::string shape;
  pbf_writer axes(shape);
  for (auto [axis, size] : llvm::enumerate(type.getShape())) {
    std::string dim;
    if (!ShapedType::isDynamic(size))
      pbf_writer(dim).add_int64(1, size);
    else if (axis < dims.size() && !dims[axis].empty())
      pbf_writer(dim).add_string(2, dims[axis]);
    axes.add_message(1, dim);
  }
  pbf_writer tensor(to, 1);
  tensor.add_int32(1, int32_t(dataTypeOf(type.getElementType())));
  tensor.add_message(2, shape);
}

void FileWriter::value(pbf_writer &&to, const ValueRecord &value) {
  to.add_string(1, name(value.number).data(), name(value.number).size());
  type(pbf_writer(to, 2), value.type, value.dims);
}

/// All but the bytes.
void FileWriter::tensorHeader(pbf_writer &to, ElementsAttr value, ArrayRef<int64_t> dims, std::string_view name) {
  to.add_packed_int64(1, dims.begin(), dims.end());
  to.add_int32(2, int32_t(dataTypeOf(value.getElementType())));
  if (isText(value))
    for (StringRef text : cast<DenseElementsAttr>(value).getValues<StringRef>())
      to.add_bytes(6, text.data(), text.size());
  to.add_string(8, name.data(), name.size());
}

void FileWriter::attribute(pbf_writer &&to, const NodeAttribute &attribute) {
  to.add_string(1, attribute.name);
  auto kind = [&](AttributeKind kind) { to.add_int32(20, kind); };
  if (auto *f = std::get_if<float>(&attribute.value)) {
    to.add_float(2, *f);
    kind(kFloat);
  } else if (auto *i = std::get_if<int64_t>(&attribute.value)) {
    to.add_int64(3, *i);
    kind(kInt);
  } else if (auto *s = std::get_if<std::string>(&attribute.value)) {
    to.add_bytes(4, *s);
    kind(kString);
  } else if (auto *tensor = std::get_if<ElementsAttr>(&attribute.value)) {
    {
      pbf_writer message(to, 5);
      tensorHeader(message, *tensor, cast<ShapedType>(tensor->getType()).getShape(), {});
      if (!isText(*tensor)) {
        std::vector<uint8_t> bytes = bytesOf(*tensor);
        message.add_bytes(9, reinterpret_cast<const char *>(bytes.data()), bytes.size());
      }
    }
    kind(kTensor);
  } else if (auto *inner = std::get_if<std::shared_ptr<GraphRecord>>(&attribute.value)) {
    {
      pbf_writer message(to, 6);
      graph(message, **inner);
    }
    kind(kGraph);
  } else if (auto *floats = std::get_if<std::vector<float>>(&attribute.value)) {
    for (float f : *floats)
      to.add_float(7, f);
    kind(kFloats);
  } else if (auto *ints = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    for (int64_t i : *ints)
      to.add_int64(8, i);
    kind(kInts);
  } else {
    for (const std::string &text : std::get<std::vector<std::string>>(attribute.value))
      to.add_bytes(9, text);
    kind(kStrings);
  }
}

/// All but the initializers, which only the outermost graph has.
void FileWriter::graph(pbf_writer &to, const GraphRecord &graph) {
  for (const NodeRecord &node : graph.nodes) {
    pbf_writer message(to, 1);
    for (int64_t input : node.inputs)
      message.add_string(1, name(input).data(), name(input).size());
    for (int64_t output : node.outputs)
      message.add_string(2, name(output).data(), name(output).size());
    message.add_string(3, node.name);
    message.add_string(4, node.opType);
    for (const NodeAttribute &a : node.attributes)
      attribute(pbf_writer(message, 5), a);
    if (!node.domain.empty())
      message.add_string(7, node.domain);
  }
  to.add_string(2, graph.name);
  for (const ValueRecord &input : graph.inputs)
    value(pbf_writer(to, 11), input);
  for (const ValueRecord &output : graph.outputs)
    value(pbf_writer(to, 12), output);
}

static std::string lengthField(uint32_t tag, uint64_t length) {
  std::string bytes;
  protozero::add_varint_to_buffer(&bytes, tag << 3 | uint32_t(protozero::pbf_wire_type::length_delimited));
  protozero::add_varint_to_buffer(&bytes, length);
  return bytes;
}

void FileWriter::write(llvm::raw_ostream &os) {
  std::string head, rest;
  {
    pbf_writer message(head);
    message.add_int64(1, model.irVersion());
    message.add_string(2, "cameo");
    message.add_string(3, CAMEO_VERSION);
    for (const auto &[domain, version] : model.opsets) {
      pbf_writer import(message, 8);
      import.add_string(1, domain);
      import.add_int64(2, version);
    }
    pbf_writer body(rest);
    graph(body, model.graph);
  }
  // Each initializer in front of its bytes: its field, then all of its message but these.
  std::vector<std::string> headers;
  int64_t total = rest.size(), place = 0;
  for (const InitializerRecord &initializer : model.initializers) {
    std::string header;
    pbf_writer message(header);
    tensorHeader(message, initializer.value, initializer.dims, name(initializer.number));
    int64_t bytes = rawBytes(initializer.value);
    bool isExternal = !dataName.empty() && bytes >= kExternalBytes;
    if (isExternal) {
      place = llvm::alignTo(place, kExternalAlignment);
      for (const auto &[key, text] : {std::pair<const char *, std::string>("location", dataName.str()),
                                      {"offset", std::to_string(place)},
                                      {"length", std::to_string(bytes)}}) {
        pbf_writer entry(message, 13);
        entry.add_string(1, key);
        entry.add_string(2, text);
      }
      message.add_int32(14, 1);
      place += bytes;
    } else if (!isText(initializer.value)) {
      header += lengthField(9, bytes);
    }
    int64_t inside = header.size() + (isExternal ? 0 : bytes);
    header.insert(0, lengthField(5, inside));
    total += header.size() + (isExternal ? 0 : bytes);
    headers.push_back(std::move(header));
  }
  os << head << lengthField(7, total);
  for (auto [initializer, header] : llvm::zip(model.initializers, headers)) {
    os << header;
    int64_t bytes = rawBytes(initializer.value);
    if (bytes > 0 && (dataName.empty() || bytes < kExternalBytes))
      forEachConstantPiece(initializer.value, [&](ArrayRef<char> piece) { os.write(piece.data(), piece.size()); });
  }
  os << rest;
}

int64_t ModelRecord::irVersion() const {
  // As released: IR 10 with opset 21, 11 with 23, 12 with 24, 13 with 25, 14 with 28.
  int64_t opset = opsets.at("");
  return opset >= 28 ? 14 : opset >= 25 ? 13 : opset >= 24 ? 12 : opset >= 23 ? 11 : 10;
}

static void addRead(const GraphRecord &graph, llvm::DenseSet<int64_t> &read) {
  for (const NodeRecord &node : graph.nodes) {
    read.insert(node.inputs.begin(), node.inputs.end());
    for (const NodeAttribute &attribute : node.attributes)
      if (auto *inner = std::get_if<std::shared_ptr<GraphRecord>>(&attribute.value))
        addRead(**inner, read);
  }
  for (const ValueRecord &output : graph.outputs)
    read.insert(output.number);
}

/// What was made for an op that then took a view of it.
static void eraseUnreadInitializers(ModelRecord &model) {
  llvm::DenseSet<int64_t> read;
  addRead(model.graph, read);
  llvm::erase_if(model.initializers, [&](const InitializerRecord &i) { return !read.contains(i.number); });
}

ExportedModel::ExportedModel(std::unique_ptr<ModelRecord> model) : model(std::move(model)) {}
ExportedModel::~ExportedModel() = default;

std::unique_ptr<ExportedModel> ExportedModel::make(ModuleOp module) {
  auto model = std::make_unique<ModelRecord>();
  auto name = module->getAttrOfType<StringAttr>(kModelAttr);
  model->graph.name = name ? name.str() : "main";
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("has no function @main"), nullptr;
  if (failed(GraphExporter(*model).exportMain(main)))
    return nullptr;
  eraseUnreadInitializers(*model);
  return std::unique_ptr<ExportedModel>(new ExportedModel(std::move(model)));
}

int64_t ExportedModel::weightBytes() const {
  int64_t bytes = 0;
  for (const InitializerRecord &initializer : model->initializers)
    bytes += rawBytes(initializer.value);
  return bytes;
}

void ExportedModel::write(llvm::raw_ostream &os, StringRef dataName) const { FileWriter(*model, dataName).write(os); }

void ExportedModel::writeData(llvm::raw_ostream &os) const {
  static const char zeros[kExternalAlignment] = {};
  int64_t place = 0;
  for (const InitializerRecord &initializer : model->initializers) {
    int64_t bytes = rawBytes(initializer.value);
    if (bytes < kExternalBytes)
      continue;
    int64_t begin = llvm::alignTo(place, kExternalAlignment);
    os.write(zeros, begin - place);
    forEachConstantPiece(initializer.value, [&](ArrayRef<char> piece) { os.write(piece.data(), piece.size()); });
    place = begin + bytes;
  }
}

// Import.cpp - importModel: reads the file, builds @main with its signature, imports the graph into it.
#include "cameo/Import/ONNX/Import.h"
#include "GraphImporter.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

/// Exporters write "?" and the like for sizes that they do not know; such names say nothing about equality.
static bool isSizeName(StringRef param) {
  return !param.empty() && (llvm::isAlpha(param.front()) || param.front() == '_') &&
         !param.equals_insensitive("none") && !param.equals_insensitive("unk") && !param.equals_insensitive("unknown");
}

/// A declared 0 is how some exporters say "unknown"; an empty tensor makes sense only as a list, of axes for example.
static bool isUnknownSize(const ValueType &type, const Dimension &dim) {
  bool isList = type.dims.size() == 1 && (type.elementType == DataType::Int64 || type.elementType == DataType::Int32);
  return !dim.isStatic() || (dim.value == 0 && !isList);
}

static std::string axisName(StringRef input, size_t axis) { return (input + "." + Twine(axis)).str(); }

/// Names of the axes of graph inputs whose size is not fixed by the file, for messages.
static std::string openAxes(const Graph &graph) {
  std::string list;
  StringSet<> seen;
  for (const ValueInfo &input : graph.inputs)
    for (auto [axis, dim] : llvm::enumerate(input.type.dims)) {
      if (!isUnknownSize(input.type, dim) || input.hasInitializer)
        continue;
      std::string name = isSizeName(dim.param) ? dim.param.str() : axisName(input.name, axis);
      if (seen.insert(name).second)
        list += (list.empty() ? "" : ", ") + escaped(name);
    }
  return list.empty() ? "it has none" : "they are " + list;
}

FailureOr<Value> GraphImporter::addTensorInput(func::FuncOp func, StringRef name, const ValueType &type) {
  auto refuse = [&](StringRef code, const Twine &message) {
    return error(code, "input '" + escaped(name) + "' " + message);
  };
  Type elementType = elementTypeOf(type.elementType, builder.getContext());
  if (!elementType)
    return refuse("E-TYPE", "has type " + escaped(type.str()) + "; supported are tensors of " + kSupportedTypes);
  if (!inputNames.insert(name).second)
    return refuse("E-UNSUPPORTED", "has the name of a part of another one, a sequence or a map; rename one");
  std::vector<Dimension> dims = type.dims;
  bool hasShape = type.hasShape;
  for (const ShapeBinding &shape : options.shapes)
    if (shape.name == name && shape.sizes) {
      usedShapes.insert(name);
      if (hasShape && dims.size() != shape.sizes->size())
        return refuse("E-USAGE", "has rank " + Twine(dims.size()) + ", but --shape=" + escaped(name) + " gives " +
                                     Twine(shape.sizes->size()) + " sizes");
      hasShape = true;
      dims.resize(shape.sizes->size());
      for (auto [dim, size] : llvm::zip(dims, *shape.sizes))
        if (size >= 0)
          dim = {size, {}};
    }
  if (!hasShape)
    return refuse("E-SHAPE", "has no declared rank; give its shape with --shape=" + escaped(name) +
                                 ":SIZExSIZE (? leaves a size open)");
  if (int64_t(dims.size()) > options.read.limits.rank)
    return refuse("E-RANK", "has rank " + Twine(dims.size()) + "; the limit is " + Twine(options.read.limits.rank));
  SmallVector<int64_t> sizes;
  SmallVector<mlir::Attribute> names;
  for (auto [axis, dim] : llvm::enumerate(dims)) {
    int64_t size = isUnknownSize(type, dim) ? ShapedType::kDynamic : dim.value;
    StringRef symbol = ShapedType::isDynamic(size) && isSizeName(dim.param) ? dim.param : StringRef();
    std::string ownName = axisName(name, axis);
    for (const DimBinding &binding : options.dims) {
      if (binding.name != ownName && (symbol.empty() || binding.name != symbol))
        continue;
      usedBindings.insert(binding.name);
      if (!ShapedType::isDynamic(size) && (size != binding.size))
        return refuse("E-USAGE", "has size " + Twine(size) + " along axis " + Twine(axis) +
                                     ", but --dim=" + escaped(binding.name) + " asks for another; leave it out");
      size = binding.size;
    }
    sizes.push_back(size);
    names.push_back(builder.getStringAttr(ShapedType::isDynamic(size) ? symbol : StringRef()));
  }
  Location loc = NameLoc::get(builder.getStringAttr(name));
  unsigned index = func.getNumArguments();
  (void)func.insertArgument(index, RankedTensorType::get(sizes, elementType), {}, loc);
  func.setArgAttr(index, kNameAttr, builder.getStringAttr(name));
  func.setArgAttr(index, kDimsAttr, builder.getArrayAttr(names));
  Value argument = func.getArgument(index);
  if (failed(checkSize(name, argument)))
    return failure();
  return argument;
}

/// A vector of `size` elements.
static ValueType vectorOf(DataType elementType, StringRef size) {
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.elementType = elementType;
  type.hasShape = true;
  type.dims.push_back({-1, size});
  return type;
}

FailureOr<Binding> GraphImporter::addMapInput(func::FuncOp func, StringRef name, const ValueType &type) {
  StringRef size = builder.getStringAttr(name + ".size").getValue();
  auto keys = addTensorInput(func, (name + ".keys").str(), vectorOf(type.elementType, size));
  auto values = addTensorInput(func, (name + ".values").str(), vectorOf(type.element->elementType, size));
  if (failed(keys) || failed(values))
    return failure();
  return Binding(MapValue{*keys, *values});
}

FailureOr<Binding> GraphImporter::addInput(func::FuncOp func, StringRef name, const ValueType &type) {
  if (type.kind == ValueType::Kind::Tensor) {
    auto tensor = addTensorInput(func, name, type);
    return failed(tensor) ? FailureOr<Binding>(failure()) : FailureOr<Binding>(Binding(*tensor));
  }
  if (type.kind == ValueType::Kind::Map && type.element && type.element->kind == ValueType::Kind::Tensor)
    return addMapInput(func, name, type);
  bool isSequence = type.kind == ValueType::Kind::Sequence, isOptional = type.kind == ValueType::Kind::Optional;
  auto given = [&](const Twine &wanted) {
    return llvm::find_if(options.shapes, [text = wanted.str()](const ShapeBinding &s) { return s.name == text; });
  };
  auto none = given(name);
  bool isNone = none != options.shapes.end() && !none->sizes;
  if (isNone)
    usedShapes.insert(name);
  if (isOptional)
    return isNone ? FailureOr<Binding>(Binding()) : addInput(func, name, *type.element);
  if (!isSequence || type.element->kind != ValueType::Kind::Tensor)
    return error("E-TYPE", "input '" + escaped(name) + "' has type " + escaped(type.str()) +
                               "; supported are tensors of " + kSupportedTypes +
                               ", and sequences, optionals and maps of them");
  std::vector<Value> elements;
  while (true) {
    std::string element = (name + "[" + Twine(elements.size()) + "]").str();
    if (given(element) == options.shapes.end())
      break;
    auto tensor = addTensorInput(func, element, *type.element);
    if (failed(tensor))
      return failure();
    elements.push_back(*tensor);
  }
  if (elements.empty() && !isNone)
    return error("E-TYPE", "input '" + escaped(name) +
                               "' is a sequence, whose elements must be known at compile time; give "
                               "their shapes with --shape='" +
                               escaped(name) + "[0]:SIZExSIZE' and so on, or --shape=" + escaped(name) +
                               ":none, and feed the program inputs of these names");
  return Binding(std::move(elements));
}

LogicalResult GraphImporter::addInputs(func::FuncOp func, Scope &scope) {
  bool ok = true;
  for (const ValueInfo &input : file->model().graph.inputs) {
    if (input.hasInitializer)
      continue;
    auto value = addInput(func, input.name, input.type);
    if (failed(value))
      ok = false;
    else
      scope.values[input.name] = std::move(*value);
  }
  for (const ShapeBinding &shape : options.shapes)
    if (ok && !usedShapes.contains(shape.name)) {
      (void)error("E-USAGE", "--shape=" + escaped(shape.name) + " names no input that it fits");
      ok = false;
    }
  for (const DimBinding &binding : options.dims) {
    if (!usedBindings.contains(binding.name)) {
      (void)error("E-USAGE", "--dim=" + escaped(binding.name) + " names no open size of an input; " +
                                 openAxes(file->model().graph));
      ok = false;
    }
  }
  return success(ok);
}

Binding GraphImporter::requirePresent(Location loc, Binding value, const Twine &what) {
  Value condition = std::exchange(value.present, Value());
  for (Value *part : value.parts())
    *part = createOp<RequireOp>(builder, shapes, loc, *part, condition, true,
                                (what + " is an optional without an element").str());
  return value;
}

LogicalResult GraphImporter::addOutputs(func::FuncOp func) {
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attributes;
  // Sizes that the analysis proves equal to a named size of an input have its name, whatever the file declares.
  llvm::DenseMap<const DimNode *, StringAttr> inputNames;
  StringSet<> inputNameSet;
  for (BlockArgument argument : func.getArguments())
    for (auto [axis, name] : llvm::enumerate(func.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), kDimsAttr)))
      if (auto string = cast<StringAttr>(name); !string.empty()) {
        inputNames.try_emplace(shapes.dim(argument, axis).getNode(), string);
        inputNameSet.insert(string);
      }
  auto add = [&](const Twine &name, Value value, const ValueType &type) {
    values.push_back(value);
    SmallVector<mlir::Attribute> names;
    for (auto [axis, dim] : llvm::enumerate(shapes.dimsOf(value))) {
      StringAttr symbol = builder.getStringAttr("");
      if (!dim.constant()) {
        if (auto it = inputNames.find(dim.getNode()); it != inputNames.end())
          symbol = it->second;
        else if (type.hasShape && type.dims.size() == size_t(shapes.rank(value)))
          if (StringRef param = type.dims[axis].param; isSizeName(param) && !inputNameSet.contains(param))
            symbol = builder.getStringAttr(param);
      }
      names.push_back(symbol);
    }
    attributes.push_back(builder.getDictionaryAttr({
        builder.getNamedAttr(kNameAttr, builder.getStringAttr(name)),
        builder.getNamedAttr(kDimsAttr, builder.getArrayAttr(names)),
    }));
  };
  for (const ValueInfo &output : file->model().graph.outputs) {
    size_t reported = diagnostics.size();
    Binding value = binding(output.name);
    if (firstError(reported))
      return failure();
    if (value.present && (output.type.kind == ValueType::Kind::Tensor || output.type.kind == ValueType::Kind::Sequence))
      value = requirePresent(builder.getUnknownLoc(), value, "output '" + escaped(output.name) + "'");
    if (value.tensor) {
      add(output.name, value.tensor, output.type);
      size_t declaredRank = output.type.dims.size();
      hasOtherRank |= output.type.hasShape && declaredRank != size_t(shapes.rank(value.tensor));
    }
    for (auto [i, element] : llvm::enumerate(value.list.value_or(std::vector<Value>{})))
      add(output.name + "[" + Twine(i) + "]", element, ValueType());
    if (value.map) {
      add(output.name + ".keys", value.map->keys, ValueType());
      add(output.name + ".values", value.map->values, ValueType());
    }
    if (value.ragged) {
      add(output.name + ".elements", value.ragged->elements, ValueType());
      add(output.name + ".shapes", value.ragged->shapes, ValueType());
    }
    if (value.present)
      add(output.name + ".present", value.present, ValueType());
  }
  StringSet<> names;
  for (DictionaryAttr attribute : attributes)
    if (StringRef name = attribute.getAs<StringAttr>(kNameAttr); !names.insert(name).second)
      return error("E-UNSUPPORTED", "two outputs are called '" + escaped(name) +
                                        "', one of them as a part of a sequence or an optional; rename one");
  func::ReturnOp::create(builder, builder.getUnknownLoc(), values);
  func.setFunctionType(builder.getFunctionType(func.getArgumentTypes(), TypeRange(ValueRange(values))));
  func.setAllResultAttrs(attributes);
  return success();
}

bool GraphImporter::importMain(ModuleOp module) {
  ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &d) { return handleDiagnostic(d); });
  const Model &model = file->model();

  builder.setInsertionPointToEnd(module.getBody());
  auto func = func::FuncOp::create(builder, builder.getUnknownLoc(), "main", builder.getFunctionType({}, {}));
  Block *block = func.addEntryBlock();
  builder.setInsertionPointToEnd(block);

  for (const std::vector<ValueInfo> *infos : {&model.graph.valueInfos, &model.graph.outputs})
    for (const ValueInfo &info : *infos)
      declared[info.name] = &info.type;
  Scope main;
  main.block = block;
  main.isMain = true;
  addInitializers(main, model.graph);
  for (const ValueInfo &output : model.graph.outputs)
    main.outputs.push_back(output.name);
  scope = &main;
  if (failed(addInputs(func, main)) || failed(importMainNodes(model.graph.nodes)) || failed(addOutputs(func)))
    return false;

  StringRef stem = llvm::sys::path::stem(file->path());
  module->setAttr(kModelAttr, builder.getStringAttr(stem));
  NamedAttrList opsets;
  for (const OpsetImport &import : model.opsets)
    opsets.set(import.domain.empty() ? "ai.onnx" : import.domain, builder.getI64IntegerAttr(import.version));
  module->setAttr(kOpsetsAttr, opsets.getDictionary(module.getContext()));
  return succeeded(verify(module));
}

OwningOpRef<ModuleOp> cameo::onnx::importModel(StringRef path, MLIRContext &context, const ImportOptions &options,
                                               std::vector<cameo::Diagnostic> &diagnostics) {
  context.loadDialect<CameoDialect, func::FuncDialect>();
  PointwiseTable pointwise = pointwiseTable(context);
  std::shared_ptr<const ModelFile> file = readModel(path, options.read, diagnostics, [&](const ModelFile &read) {
    return checkSupported(read, pointwise, &context, diagnostics);
  });
  if (!file)
    return {};
  OwningOpRef<ModuleOp> module = ModuleOp::create(FileLineColLoc::get(&context, path, 0, 0));
  GraphImporter importer(file, context, options, diagnostics);
  size_t reported = diagnostics.size();
  bool isImported = importer.importMain(*module);
  // PyTorch declares what its trace had; other converters' declared ranks prove nothing.
  if (importer.isFromPyTorch() && importer.dependsOnOpenAxes() && !(isImported && importer.hasDeclaredRanks())) {
    std::vector<cameo::Diagnostic> others;
    OwningOpRef<ModuleOp> other = ModuleOp::create(module->getLoc());
    GraphImporter again(file, context, options, others, /*openAxesAreOne=*/true);
    if (again.importMain(*other) && again.hasDeclaredRanks()) {
      diagnostics.resize(reported);
      llvm::append_range(diagnostics, others);
      return other;
    }
  }
  return isImported ? std::move(module) : OwningOpRef<ModuleOp>();
}

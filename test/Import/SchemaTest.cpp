// SchemaTest.cpp - the schema table against what is known about ONNX 1.23, and its function bodies.
#include "ReaderTesting.h"

using namespace cameo::onnx;
using namespace cameo::onnx::test;

namespace {

TEST(Schema, VersionsAreFound) {
  EXPECT_EQ(allSchemas().size(), 659u);
  EXPECT_EQ(newestOpset(), 28);
  EXPECT_EQ(newestVersion("ai.onnx.ml"), 5);
  EXPECT_EQ(findSchema("", "Softmax", 12)->since, 11);
  EXPECT_EQ(findSchema("", "Softmax", 13)->since, 13);
  EXPECT_EQ(findSchema("", "Softmax", 28)->since, 13);
  EXPECT_EQ(findSchema("", "Gelu", 19), nullptr);
  EXPECT_EQ(findSchema("com.microsoft", "Gelu", 1), nullptr);
  EXPECT_TRUE(findSchema("", "Upsample", 10)->deprecated);
}

TEST(Schema, ParametersAttributesAndTypes) {
  const OpSchema &conv = *findSchema("", "Conv", 22);
  EXPECT_EQ(conv.minInputs, 2);
  EXPECT_EQ(conv.maxInputs, 3);
  EXPECT_EQ(conv.input(1)->name, "W");
  EXPECT_EQ(conv.input(2)->kind, FormalParameter::Kind::Optional);
  EXPECT_EQ(conv.input(3), nullptr);
  EXPECT_TRUE(conv.input(0)->types.allowsTensor(DataType::BFloat16));
  EXPECT_FALSE(conv.input(0)->types.allowsTensor(DataType::Int32));
  EXPECT_EQ(std::get<int64_t>(conv.attribute("group")->defaultValue.value), 1);
  EXPECT_FALSE(conv.attribute("pads")->hasDefault());

  const OpSchema &concat = *findSchema("", "Concat", 13);
  EXPECT_EQ(concat.input(100)->kind, FormalParameter::Kind::Variadic);
  EXPECT_TRUE(concat.attribute("axis")->required);

  const OpSchema &loop = *findSchema("", "Loop", 16);
  EXPECT_EQ(loop.attribute("body")->type, AttributeType::Graph);
  EXPECT_FALSE(loop.input(2)->homogeneous);
  EXPECT_TRUE(llvm::is_contained(loop.input(2)->types.others, "seq(tensor(float))"));
  EXPECT_FALSE(findSchema("", "RandomNormal", 1)->deterministic);
  EXPECT_TRUE(findSchema("", "LayerNormalization", 17)->contextDependentBody);
}

/// Every body that ONNX gives can be read, resolves against the table, and gives what its op gives.
TEST(Schema, FunctionBodies) {
  std::string bytes = model({.nodes = {node("Relu", {"x"}, {"y"})}});
  Outcome o = readBytes(bytes);
  ASSERT_NE(o.file, nullptr);
  int bodies = 0;
  for (const OpSchema &schema : allSchemas())
    for (const FunctionBody &body : schema.functions) {
      ++bodies;
      const Function *f = o.file->schemaFunction(schema, body.opset);
      ASSERT_NE(f, nullptr) << schema.name.str() << "-" << schema.since << " at opset " << body.opset;
      EXPECT_EQ(f->name, schema.name);
      EXPECT_EQ(f->inputs.size(), schema.inputs.size()) << schema.name.str();
      EXPECT_EQ(f, o.file->schemaFunction(schema, body.opset)); // cached
    }
  EXPECT_GT(bodies, 40);
  EXPECT_EQ(o.file->schemaFunction(*findSchema("", "Conv", 22), 22), nullptr);
}

TEST(Schema, FunctionBodyWithTheCallsAttributes) {
  std::string bytes = model(
      ModelFields{.graph = graph({.nodes = {node("Elu", {"x"}, {"y"}, {.attributes = {floatAttribute("alpha", 2)}})}}),
                  .opsets = {opset("", 18)}});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  const Node &elu = o.file->model().graph.nodes[0];
  const Function *f = o.file->schemaFunction(*elu.schema, elu.opset);
  ASSERT_NE(f, nullptr);
  Function bound = bindAttributes(*f, elu);
  const Node &constant = bound.nodes[0];
  EXPECT_EQ(constant.opType, "Constant");
  EXPECT_EQ(constant.getFloat("value_float"), 2.0f);
}

TEST(Schema, NearestNames) {
  EXPECT_EQ(nearestOps("", "Softmex", 17).at(0), "Softmax");
  EXPECT_TRUE(nearestOps("", "Frobnicate", 17).empty());
}

} // namespace

// StructureTest.cpp - names, order, functions, attributes and limits: the mistakes that no stored file has.
#include "ReaderTesting.h"

using namespace cameo;
using namespace cameo::onnx;
using namespace cameo::onnx::test;

namespace {

constexpr auto invalid = ExitCode::InvalidModel;
constexpr auto tooLarge = ExitCode::LimitExceeded;

std::string relu(const std::string &in = "x", const std::string &out = "y") { return node("Relu", {in}, {out}); }

void expectBad(const GraphFields &g, llvm::StringRef code, llvm::StringRef text, ExitCode exit = invalid) {
  std::string bytes = model(g);
  expectError(readBytes(bytes), code, exit, text);
}

//===-- names
//---------------------------------------------------------------------------------------------------------===//

TEST(Names, NodesAreSortedAndKeepTheirIndex) {
  std::string bytes = model({.nodes = {relu("b", "y"), relu("a", "b"), relu("x", "a")}});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  const auto &nodes = o.file->model().graph.nodes;
  ASSERT_EQ(nodes.size(), 3u);
  EXPECT_EQ(nodes[0].index, 2);
  EXPECT_EQ(nodes[1].index, 1);
  EXPECT_EQ(nodes[2].index, 0);
  EXPECT_EQ(nodes[2].outputs[0], "y");
}

TEST(Names, SubgraphOrdersItsNodeAfterWhatItUses) {
  std::string branch = graph({.nodes = {relu("late", "r")}, .inputs = {}, .outputs = {value("r")}});
  std::string bytes = model(
      {.nodes = {node("If", {"c"}, {"y"},
                      {.attributes = {graphAttribute("then_branch", branch), graphAttribute("else_branch", branch)}}),
                 relu("x", "late")},
       .inputs = {value("x"), value("c", {}, 9)}});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  EXPECT_EQ(o.file->model().graph.nodes[0].opType, "Relu");
}

TEST(Names, SubgraphUsingItsOwnNodesResultIsACycle) {
  std::string branch = graph({.nodes = {relu("y", "r")}, .inputs = {}, .outputs = {value("r")}});
  expectBad(
      {.nodes = {node("If", {"c"}, {"y"},
                      {.name = "cond",
                       .attributes = {graphAttribute("then_branch", branch), graphAttribute("else_branch", branch)}})},
       .inputs = {value("c", {}, 9)}},
      "E-CYCLE", "node 'cond' -> node 'cond'");
}

TEST(Names, SubgraphOutputMayComeFromOutsideButMustExist) {
  auto with = [](const std::string &name) {
    std::string branch = graph({.inputs = {}, .outputs = {value(name)}});
    return GraphFields{
        .nodes = {node("If", {"c"}, {"y"},
                       {.attributes = {graphAttribute("then_branch", branch), graphAttribute("else_branch", branch)}})},
        .inputs = {value("x"), value("c", {}, 9)}};
  };
  std::string good = model(with("x"));
  expectAccepted(readBytes(good));
  expectBad(with("nope"), "E-UNDEF", "uses the value 'nope'");
}

TEST(Names, DuplicateInitializerAndInputOfOtherType) {
  std::string w = rawTensor("w", 1, {1}, std::string(4, '\0'));
  std::string add = node("Add", {"x", "w"}, {"y"});
  expectBad({.nodes = {add}, .initializers = {w, w}}, "E-SSA", "initializer 'w' is defined twice");
  expectBad({.nodes = {add}, .inputs = {value("x"), value("w", {1}, 7)}, .initializers = {w}}, "E-SSA",
            "initializer 'w' is tensor(float[1]), but the input of the same name is tensor(int64[1])");
  std::string good = model({.nodes = {add}, .inputs = {value("x"), value("w", {-1})}, .initializers = {w}});
  Outcome o = readBytes(good);
  expectAccepted(o);
  EXPECT_FALSE(o.file->model().graph.inputs[0].hasInitializer);
  EXPECT_TRUE(o.file->model().graph.inputs[1].hasInitializer);
}

TEST(Names, AllProblemsOfOneKindAtOnce) {
  std::string bytes = model({.nodes = {node("Add", {"p", "q"}, {"y"})}});
  Outcome o = readBytes(bytes);
  EXPECT_EQ(o.file, nullptr);
  EXPECT_EQ(o.diagnostics.size(), 2u) << o.text();
}

TEST(Names, ZeroByteAndControlCharacters) {
  expectBad({.nodes = {relu()}, .inputs = {value(std::string("x\0", 2))}}, "E-UTF8", "'x\\x00'");
  expectBad({.nodes = {relu("a\nb")}}, "E-UNDEF", "'a\\x0ab'");
}

//===-- versions and ops
//----------------------------------------------------------------------------------------------===//

/// What whyUnknown says of the first node.
static std::string whyFirstUnknown(const GraphFields &fields) {
  std::string bytes = model(fields);
  Outcome o = readBytes(bytes);
  return o.file ? whyUnknown(o.file->model().graph.nodes[0]) : o.text();
}

TEST(Ops, MisspeltNamesGetSuggestions) {
  EXPECT_EQ(whyFirstUnknown({.nodes = {node("ReduceMaen", {"x"}, {"y"})}}),
            "ReduceMaen is not in ai.onnx-17; the nearest names are ReduceMax, ReduceMean, ReduceMin");
}

TEST(Ops, LaterOpsSayWhen) {
  EXPECT_EQ(whyFirstUnknown({.nodes = {node("Gelu", {"x"}, {"y"})}}),
            "Gelu is not in ai.onnx-17; it exists since opset 20");
}

TEST(Ops, UnimportedDomainsSaySo) {
  EXPECT_EQ(whyFirstUnknown({.nodes = {node("Thing", {"x"}, {"y"}, {.domain = "evil.corp"})}}),
            "domain evil.corp is not imported, and the model has no such functions");
}

TEST(Ops, AiOnnxIsTheEmptyDomain) {
  std::string bytes = model(ModelFields{graph({.nodes = {node("Relu", {"x"}, {"y"}, {.domain = "ai.onnx"})}})});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  EXPECT_EQ(o.file->model().graph.nodes[0].domain, "");
  EXPECT_EQ(o.file->model().graph.nodes[0].schema->since, 14);
}

TEST(Ops, ForeignDomainsAreLeftToTheImporter) {
  std::string bytes = model(ModelFields{.graph = graph({.nodes = {node("Thing", {"x"}, {"y"}, {.domain = "my.own"})}}),
                                        .opsets = {opset("", 17), opset("my.own", 3)}});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  EXPECT_EQ(o.file->model().graph.nodes[0].schema, nullptr);
  EXPECT_EQ(o.file->model().graph.nodes[0].opset, 3);
}

TEST(Ops, OldIrVersionsHaveNoImports) {
  std::string bytes = model(ModelFields{.graph = graph({.nodes = {relu()}}), .opsets = {}, .irVersion = 2});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  EXPECT_EQ(o.file->model().opset(), 1);
}

//===-- attributes
//----------------------------------------------------------------------------------------------------===//

void expectAttribute(const std::string &attribute, llvm::StringRef text) {
  expectBad({.nodes = {node("Softmax", {"x"}, {"y"}, {.name = "sm", .attributes = {attribute}})}}, "E-ATTR", text);
}

TEST(Attributes, UnknownType) {
  expectAttribute(attributeHead("axis", 77), "has type 77, which is not an attribute type");
}
TEST(Attributes, NoValue) {
  expectAttribute(attributeHead("axis", 2), "has no value");
  expectAttribute(attributeHead("axis", 0), "has no value");
}
TEST(Attributes, TwoValues) {
  expectAttribute(intAttribute("axis", 1) + floatAttribute("axis", 1), "values of two types");
}
TEST(Attributes, TypeDisagreesWithValue) {
  expectAttribute(intAttribute("axis", 1, 1), "declared as FLOAT, but its value is INT");
}
TEST(Attributes, UnknownName) { expectAttribute(intAttribute("axes", 1), "no attribute 'axes'; it takes axis"); }
TEST(Attributes, ReferenceOutsideOfAFunction) {
  expectAttribute(referenceAttribute("axis", "p", 2), "which only nodes of a function can do");
}
TEST(Attributes, Twice) {
  expectBad(
      {.nodes = {node("Softmax", {"x"}, {"y"}, {.attributes = {intAttribute("axis", 1), intAttribute("axis", 0)}})}},
      "E-ATTR", "'axis' is given twice");
}
TEST(Attributes, RequiredOneMissing) {
  expectBad({.nodes = {node("Cast", {"x"}, {"y"})}}, "E-ATTR", "'to' (INT) is missing");
}

TEST(Attributes, TypeIsInferredWhereOldFilesLeaveItOut) {
  std::string bytes = model({.nodes = {node("Softmax", {"x"}, {"y"}, {.attributes = {intAttribute("axis", 0, 0)}})}});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  EXPECT_EQ(o.file->model().graph.nodes[0].getInt("axis"), 0);
}

TEST(Attributes, DefaultsComeFromTheSchema) {
  std::string bytes = model({.nodes = {node("Softmax", {"x"}, {"a"}), node("LeakyRelu", {"a"}, {"y"})}});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  const auto &nodes = o.file->model().graph.nodes;
  EXPECT_EQ(nodes[0].getInt("axis"), -1);
  EXPECT_EQ(nodes[0].find("axis"), nullptr);
  EXPECT_FLOAT_EQ(*nodes[1].getFloat("alpha"), 0.01f);
  EXPECT_EQ(nodes[1].getInt("alpha"), std::nullopt);
}

TEST(Arity, RequiredInputLeftOut) {
  expectBad({.nodes = {node("Add", {"", "x"}, {"y"})}}, "E-ARITY", "input 0 ('A') is required, but left out");
}
TEST(Arity, DeprecatedOpsKeepTheirs) {
  expectBad({.nodes = {node("Upsample", {"x"}, {"y"})}}, "E-ARITY", "has 1 input; expected 2");
}
TEST(Arity, EmptyNamesAtTheEndAreNoInputs) {
  std::string bytes = model({.nodes = {node("Clip", {"x", "", ""}, {"y"}), node("Relu", {"x", ""}, {"z"})}});
  expectAccepted(readBytes(bytes));
}

//===-- functions
//-----------------------------------------------------------------------------------------------------===//

std::string modelWith(const Strings &functions, const Strings &nodes) {
  return model(ModelFields{
      .graph = graph({.nodes = nodes}), .opsets = {opset("", 17), opset("loc", 1)}, .functions = functions});
}
std::string callNode(const std::string &callee, const Strings &in = {"a"}, const Strings &out = {"b"},
                     const Strings &attributes = {}) {
  return node(callee, in, out, {.domain = "loc", .attributes = attributes});
}

TEST(Functions, RecursionThroughOthersAndSubgraphs) {
  std::string branch = graph({.nodes = {callNode("f", {"a"}, {"r"})}, .inputs = {}, .outputs = {value("r")}});
  std::string throughIf =
      node("If", {"a"}, {"b"},
           {.attributes = {graphAttribute("then_branch", branch), graphAttribute("else_branch", branch)}});
  std::string bytes =
      modelWith({function({.name = "f", .nodes = {callNode("g")}}), function({.name = "g", .nodes = {throughIf}})},
                {callNode("f", {"x"}, {"y"})});
  expectError(readBytes(bytes), "E-RECURSION", invalid, "'f' -> 'g' -> 'f'");
}

TEST(Functions, DoublingIsRefusedBeforeInlining) {
  Strings functions = {function({.name = "f0", .nodes = {relu("a", "b")}})};
  for (int i = 1; i <= 60; ++i) {
    std::string callee = "f" + std::to_string(i - 1);
    functions.push_back(function(
        {.name = "f" + std::to_string(i), .nodes = {callNode(callee, {"a"}, {"m"}), callNode(callee, {"m"}, {"b"})}}));
  }
  std::string bytes = modelWith(functions, {callNode("f60", {"x"}, {"y"})});
  expectError(readBytes(bytes), "E-LIMIT", tooLarge, "nodes once its functions are inlined; the limit is --max-nodes");
}

TEST(Functions, LongChainsAreRefused) {
  Strings functions = {function({.name = "f0", .nodes = {relu("a", "b")}})};
  for (int i = 1; i <= 5000; ++i)
    functions.push_back(function({.name = "f" + std::to_string(i), .nodes = {callNode("f" + std::to_string(i - 1))}}));
  std::string bytes = modelWith(functions, {callNode("f5000", {"x"}, {"y"})});
  expectError(readBytes(bytes), "E-DEPTH", tooLarge,
              "functions call each other 5001 deep; the limit is --max-call-depth");
}

TEST(Functions, MustBeWellFormedInside) {
  auto bad = [](const FunctionFields &f, llvm::StringRef code, llvm::StringRef text) {
    std::string bytes = modelWith({function(f)}, {callNode("f", {"x"}, {"y"})});
    expectError(readBytes(bytes), code, invalid, text);
  };
  bad({.nodes = {relu("x", "b")}}, "E-UNDEF", "'x', which no input, initializer or node of function 'f' defines");
  bad({.nodes = {relu("a", "c")}}, "E-OUTPUT", "output 'b' of function 'f'");
  bad({.nodes = {node("Softmax", {"a"}, {"b"}, {.attributes = {referenceAttribute("axis", "p", 2)}})}}, "E-ATTR",
      "refers to 'p', which is not an attribute of function 'f'");
}

TEST(Functions, TwiceOrCalledWithTooMany) {
  std::string f = function({.nodes = {relu("a", "b")}});
  std::string twice = modelWith({f, f}, {callNode("f", {"x"}, {"y"})});
  expectError(readBytes(twice), "E-SSA", invalid, "function 'loc.f' is defined twice");
  std::string many = modelWith({f}, {callNode("f", {"x", "x"}, {"y"})});
  expectError(readBytes(many), "E-ARITY", invalid, "has 2 inputs, but its function takes 1");
}

TEST(Functions, AttributesAreBoundAtTheCall) {
  std::string body = node("Softmax", {"a"}, {"b"}, {.attributes = {referenceAttribute("axis", "p", 2)}});
  std::string leaky = node("LeakyRelu", {"b"}, {"c"}, {.attributes = {referenceAttribute("alpha", "q", 1)}});
  std::string f =
      function({.outputs = {"c"}, .attributes = {"q"}, .defaults = {intAttribute("p", 1)}, .nodes = {body, leaky}});
  std::string bytes = modelWith({f}, {callNode("f", {"x"}, {"m"}, {intAttribute("p", 0)}),
                                      callNode("f", {"m"}, {"y"}, {floatAttribute("q", 0.5f)})});
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  const auto &nodes = o.file->model().graph.nodes;
  Function first = bindAttributes(*nodes[0].function, nodes[0]);
  Function second = bindAttributes(*nodes[1].function, nodes[1]);
  EXPECT_EQ(first.nodes[0].getInt("axis"), 0);
  EXPECT_EQ(second.nodes[0].getInt("axis"), 1);
  EXPECT_EQ(first.nodes[1].find("alpha"), nullptr); // not given: absent, so the op's default holds
  EXPECT_FLOAT_EQ(*first.nodes[1].getFloat("alpha"), 0.01f);
  EXPECT_FLOAT_EQ(*second.nodes[1].getFloat("alpha"), 0.5f);
}

//===-- limits
//--------------------------------------------------------------------------------------------------------===//

TEST(Limits, EachNamesItsFlag) {
  struct Case {
    const char *flag;
    int64_t ImportLimits::*field;
    int64_t value;
  };
  std::string w = rawTensor("w", 1, {2, 3}, std::string(24, '\0'));
  std::string f = function({.nodes = {relu("a", "b")}});
  std::string bytes = model(
      ModelFields{.graph = graph({.nodes = {node("Add", {"x", "w"}, {"a"}),
                                            node("Softmax", {"a"}, {"b"}, {.attributes = {intAttribute("axis", 1)}}),
                                            callNode("f", {"b"}, {"y"})},
                                  .initializers = {w, rawTensor("v", 1, {1}, std::string(4, '\0'))}}),
                  .opsets = {opset("", 17), opset("loc", 1)},
                  .functions = {f, function({.name = "other", .nodes = {relu("a", "b")}})}});
  expectAccepted(readBytes(bytes));
  constexpr Case cases[] = {
      {"--max-nodes=2", &ImportLimits::nodes, 2},
      {"--max-initializers=1", &ImportLimits::initializers, 1},
      {"--max-rank=1", &ImportLimits::rank, 1},
      {"--max-dim=2", &ImportLimits::dim, 2},
      {"--max-constant-bytes=24", &ImportLimits::constantBytes, 24},
      {"--max-name-bytes=3", &ImportLimits::nameBytes, 3},
      {"--max-attributes=0", &ImportLimits::attributesPerNode, 0},
      {"--max-node-values=1", &ImportLimits::valuesPerNode, 1},
      {"--max-value-infos=1", &ImportLimits::valueInfos, 1},
      {"--max-functions=1", &ImportLimits::functions, 1},
      {"--max-opset-imports=1", &ImportLimits::opsetImports, 1},
      {"--max-call-depth=0", &ImportLimits::callDepth, 0},
      {"--max-message-depth=3", &ImportLimits::messageDepth, 3},
  };
  for (const Case &c : cases) {
    ReadOptions options;
    options.limits.*c.field = c.value;
    Outcome o = readBytes(bytes, options);
    ASSERT_EQ(o.diagnostics.size(), 1u) << c.flag << "\n" << o.text();
    EXPECT_EQ(o.diagnostics[0].exitCode, tooLarge) << o.text();
    EXPECT_NE(o.diagnostics[0].message.find(c.flag), std::string::npos) << o.text();
  }
}

TEST(Limits, AMillionNodesAndOpsets) {
  std::string one = relu(), bytes = model({.nodes = {one}}), nodes;
  protozero::pbf_writer w(nodes);
  for (int i = 0; i <= 1 << 20; ++i)
    w.add_message(1, one);
  std::string manyNodes = model(ModelFields{nodes});
  expectError(readBytes(manyNodes), "E-LIMIT", tooLarge, "more than 1048576 nodes; the limit is --max-nodes");
  std::string manyOpsets =
      model(ModelFields{.graph = graph({.nodes = {one}}), .opsets = Strings(1000000, opset("", 17))});
  expectError(readBytes(manyOpsets), "E-LIMIT", tooLarge, "--max-opset-imports=1024");
}

TEST(Limits, HugeAttribute) {
  std::string text = attributeHead("equation", 3);
  protozero::pbf_writer(text).add_bytes(4, std::string(100 << 20, 'a'));
  expectBad({.nodes = {node("Einsum", {"x"}, {"y"}, {.attributes = {text}})}}, "E-LIMIT",
            "--max-attribute-bytes=67108864", tooLarge);
}

TEST(Limits, RankOfAMillion) {
  expectBad({.nodes = {relu()}, .initializers = {rawTensor("w", 1, std::vector<int64_t>(1000000, 1), "abcd")}},
            "E-RANK", "over 64 dimensions", tooLarge);
}

TEST(Limits, DeepTypes) {
  std::string type;
  for (int i = 0; i < 100000; ++i) {
    std::string sequence, outer;
    if (type.size() > 100000)
      break;
    protozero::pbf_writer(sequence).add_message(1, type);
    protozero::pbf_writer(outer).add_message(4, sequence);
    type = outer;
  }
  std::string info;
  protozero::pbf_writer w(info);
  w.add_string(1, "x");
  w.add_message(2, type);
  expectBad({.nodes = {relu()}, .inputs = {info}}, "E-DEPTH", "--max-message-depth=100", tooLarge);
}

TEST(Structure, DamageInsideNamesTheMessage) {
  std::string bytes = model({.nodes = {std::string("\x0a\x7f", 2)}});
  expectError(readBytes(bytes), "E-PARSE", invalid, "malformed NodeProto at byte");
}

TEST(Structure, LfsPointerAndWebPage) {
  std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
  expectError(readBytes(pointer), "E-PARSE", invalid, "git lfs pull");
  std::string page = "<!DOCTYPE html>\n<html></html>";
  expectError(readBytes(page), "E-PARSE", invalid, "web page");
}

} // namespace

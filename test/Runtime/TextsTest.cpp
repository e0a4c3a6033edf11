// TextsTest.cpp - tensors of strings: a program that sees the numbers of texts, and a caller that sees the texts.
#include "Texts.h"
#include "Testing.h"

using namespace cameo;
using namespace cameo::testing;

namespace {

/// out[i] = in[i] + "!" where that is not the program's own text "stop", else the empty text.
int32_t shout(cameo_call *call) {
  const cameo_services &s = *call->services;
  int64_t count = call->inputs[0].dims[0];
  auto *in = static_cast<const int64_t *>(call->inputs[0].data);
  auto *out = static_cast<int64_t *>(s.output(call, 0, &count, 1));
  for (int64_t i = 0; out && i < count; ++i)
    out[i] = in[i] == 1 ? 0 : s.text_concat(call, in[i], 2);
  return 0;
}

const int64_t openDims[] = {-1};
const cameo_value_info in = {"in", CAMEO_STRING, 1, openDims, nullptr},
                       out = {"out", CAMEO_STRING, 1, openDims, nullptr};
const cameo_variant variant = {"any", 0, shout, nullptr, 0, nullptr};
const cameo_text ownTexts[] = {toText("stop"), toText("!")};
const cameo_program_info info = {sizeof(info),
                                 CAMEO_ABI_VERSION,
                                 "texts",
                                 "{}",
                                 &in,
                                 1,
                                 &out,
                                 1,
                                 &variant,
                                 1,
                                 nullptr,
                                 0,
                                 0,
                                 0,
                                 ownTexts,
                                 2,
                                 nullptr,
                                 0};

struct Shouting {
  explicit Shouting(cameo_context_options options = {}) {
    EXPECT_TRUE(Program::fromStatic(info, program));
    EXPECT_TRUE(Context::create(program, context, options));
  }
  Status run(std::span<const cameo_text> texts) {
    int64_t count = int64_t(texts.size());
    Status status = context.setInput("in", texts.data(), std::span(&count, 1));
    return status ? context.run() : status;
  }
  std::vector<std::string> results() const {
    std::vector<std::string> texts;
    for (cameo_text text : context.output(0).as<cameo_text>())
      texts.emplace_back(toView(text));
    return texts;
  }
  Program program;
  Context context;
};

using Texts = std::vector<std::string>;

} // namespace

TEST(Texts, ComeInAndGoOut) {
  Shouting shouting;
  cameo_text given[] = {toText("a"), toText("stop"), toText(""), toText(std::string_view("z\0z", 3))};
  ASSERT_TRUE(shouting.run(given));
  EXPECT_EQ(shouting.results(), (Texts{"a!", "", "!", std::string("z\0z!", 4)}));
}

TEST(Texts, OutputsCanBeInputsOfTheNextRun) {
  Shouting shouting;
  std::string wanted = "a";
  cameo_text first = toText(wanted);
  ASSERT_TRUE(shouting.run(std::span(&first, 1)));
  for (int step = 0; step < 100; ++step) {
    wanted += "!";
    ASSERT_EQ(shouting.results(), Texts{wanted});
    ASSERT_TRUE(shouting.run(shouting.context.output(0).as<cameo_text>()));
  }
}

TEST(Texts, BoundMemoryGetsThem) {
  Shouting shouting;
  cameo_text given[] = {toText("a"), toText("b")}, bound[2];
  ASSERT_TRUE(shouting.context.bindOutput(0, bound, sizeof(bound)));
  ASSERT_TRUE(shouting.run(given));
  EXPECT_EQ(toView(bound[1]), "b!");
  ASSERT_TRUE(shouting.context.bindOutput(0, bound, sizeof(bound) - 1));
  EXPECT_EQ(shouting.run(given).message(), "output 'out' has shape 2 and needs 32 bytes, but 31 are bound to it");
}

TEST(Texts, ATextWithoutDataIsRefused) {
  Shouting shouting;
  cameo_text given[] = {toText("a"), {nullptr, 3}};
  EXPECT_EQ(shouting.run(given).message(), "text 1 of input 'in' has no data (null pointer)");
}

TEST(Texts, ARefusedRunLeavesThoseOfTheLast) {
  Shouting shouting;
  cameo_text first = toText("a text that is no small one");
  ASSERT_TRUE(shouting.run(std::span(&first, 1)));
  cameo_text given[] = {shouting.context.output(0).as<cameo_text>()[0], {nullptr, 3}};
  for (int attempt = 0; attempt < 3; ++attempt)
    EXPECT_EQ(shouting.run(given).code(), CAMEO_INVALID_ARGUMENT);
  ASSERT_TRUE(shouting.run(std::span(given, 1)));
  EXPECT_EQ(shouting.results(), Texts{"a text that is no small one!!"});
}

TEST(Texts, BudgetIsKept) {
  cameo_context_options options{};
  options.memory_budget = 1 << 17;
  Shouting shouting(options);
  std::string large(1 << 18, 'x');
  cameo_text given = toText(large), small = toText("a");
  Status status = shouting.run(std::span(&given, 1));
  EXPECT_EQ(status.code(), CAMEO_OUT_OF_MEMORY) << status.message();
  ASSERT_TRUE(shouting.run(std::span(&small, 1))); // and goes on
  EXPECT_EQ(shouting.results(), Texts{"a!"});
}

TEST(Texts, NumbersAreEqualWhereTextsAre) {
  rt::Texts texts;
  rt::MemoryBudget budget;
  for (int round = 0; round < 3; ++round) {
    texts.reset(info, budget);
    EXPECT_EQ(texts.number("!", budget), 2);
    std::vector<int64_t> numbers;
    for (int i = 0; i < 5000; ++i)
      numbers.push_back(texts.number(std::to_string(i * round), budget));
    for (int i = 0; i < 5000; ++i) {
      EXPECT_EQ(texts.number(std::to_string(i * round), budget), numbers[i]);
      EXPECT_EQ(texts[numbers[i]], std::to_string(i * round));
    }
  }
  EXPECT_EQ(texts[-1], "");
  EXPECT_EQ(texts[1 << 30], "");
}

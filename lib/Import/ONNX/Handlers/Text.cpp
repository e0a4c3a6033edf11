// Text.cpp - the ops on texts, and TfIdfVectorizer, which counts their n-grams.
#include "Compose.h"
#include "RegularExpression.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "cameo/Import/ONNX/Reader.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

LogicalResult stringConcat(OpBinder &op) { return op.result(op.create<StringConcatOp>(op.input(0), op.input(1))); }

LogicalResult stringSplit(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), delimiter = op.text(op.stringAttr("delimiter", ""));
  int64_t most = op.intAttr("maxsplit", std::numeric_limits<int64_t>::max());
  if (most < 0)
    return op.error("E-ATTR", "maxsplit is " + Twine(most) + "; expected 0 or more");
  Value pieces = op.create<StringPiecesOp>(x, delimiter, uint64_t(most));
  Value largest = pieces ? c.reduce(op.reshape(pieces, ArrayRef<int64_t>{-1}), {0}, "max", false) : Value();
  largest = c.max(largest, op.i64Scalar(0)); // the largest of none is the least integer
  if (!largest || failed(op.result(1, pieces)))
    return failure();
  return op.result(0, op.create<StringSplitOp>(x, delimiter, largest, uint64_t(most)));
}

/// What `compile` makes of the regular expression `pattern`, the value of the attribute `name`.
Value automaton(OpBinder &op, StringRef name, StringRef pattern,
                llvm::function_ref<llvm::Expected<std::vector<int32_t>>(StringRef)> compile) {
  auto table = compile(pattern);
  if (!table) {
    (void)op.error("E-ATTR", name + " '" + escaped(pattern) + "' is not a regular expression that can be matched: " +
                                 llvm::toString(table.takeError()));
    return {};
  }
  constexpr int64_t kRow = 257;
  auto type = RankedTensorType::get({int64_t(table->size()) / kRow, kRow}, op.builder.getI32Type());
  return ConstantOp::create(op.builder, op.loc, type, DenseElementsAttr::get(type, ArrayRef<int32_t>(*table)));
}

LogicalResult regexFullMatch(OpBinder &op) {
  Value accepting = automaton(op, "pattern", op.stringAttr("pattern", ""), compileRegularExpression);
  return accepting ? op.result(op.create<StringMatchOp>(op.input(0), accepting)) : failure();
}

// ---- com.microsoft's Tokenizer

/// The tokens of each text, filled up to as many as the longest has; with `mark` between two characters of control.
Value filledTokens(Compose &c, Value tokens, Value counts) {
  OpBinder &op = c.op;
  int64_t rank = op.rank(tokens);
  Value fill = op.text(op.stringAttr("pad_value", ""));
  if (op.intAttr("mark", 0) == 0)
    return c.where(c.make<EqualOp>(tokens, op.text("")), fill, tokens); // no token is empty
  // A place more on each side; the end stands behind the last token. Nothing is marked where no text has any.
  DimContext &d = op.dims();
  Dim most = op.shapes().dim(tokens, rank - 1), length = d.add(most, d.constant(2));
  SmallVector<int64_t> pads(2 * rank, 0);
  pads[rank - 1] = pads[2 * rank - 1] = 1;
  Value padded = c.make<PadOp>(tokens, op.i64(pads), op.text(""), "constant");
  Value places = c.make<RangeOp>(op.i64({0}), op.i64({1}), op.sizes({length}));
  Value end = c.add(c.unsqueeze(counts, {rank - 1}), op.i64Scalar(1));
  Value marked = c.where(c.make<EqualOp>(places, op.i64Scalar(0)), op.text("\x02"), padded);
  marked = c.where(c.make<EqualOp>(places, end), op.text("\x03"), marked);
  marked = c.where(c.make<LessOp>(end, places), fill, marked);
  Value columns = op.sizes({d.min(d.mul(most, 3), length)});
  return c.make<SliceOp>(marked, op.i64({0}), columns, op.i64({1}), ArrayRef<int64_t>{rank - 1});
}

LogicalResult tokenizer(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  auto separators = op.node.getStrings("separators").value_or(ArrayRef<StringRef>());
  StringRef expression = op.stringAttr("tokenexp", "");
  int64_t least = op.intAttr("mincharnum", 1);
  if (!isa<StringType>(op.elementType(x)))
    return op.error("E-TYPE",
                    "the input has elements of type " + op.typeName(op.elementType(x)) + "; expected strings");
  if (op.rank(x) < 1 || op.rank(x) > 2)
    return op.error("E-SHAPE", "the input has rank " + Twine(op.rank(x)) + "; expected 1 or 2");
  if (least < 1)
    return op.error("E-ATTR", "mincharnum is " + Twine(least) + "; expected 1 or more");
  if (separators.empty() == expression.empty())
    return op.error("E-ATTR", separators.empty() ? "separators and tokenexp are left out; expected one of them"
                                                 : "separators and tokenexp are given; expected one of them");
  bool isByCharacter = separators.size() == 1 && separators.front().empty();
  if (isByCharacter && least != 1)
    return op.error("E-ATTR", "mincharnum is " + Twine(least) + "; expected 1, as every character is a token");
  SmallVector<Value> automata;
  if (isByCharacter)
    automata.push_back(automaton(op, "separators", "(?s:.)", compileSearch));
  else if (!expression.empty())
    automata.push_back(automaton(op, "tokenexp", expression, compileSearch));
  else
    for (StringRef separator : separators)
      automata.push_back(automaton(op, "separators", separator, compileSearch));
  if (!llvm::all_of(automata, [](Value v) { return bool(v); }))
    return failure();
  bool between = !separators.empty() && !isByCharacter;
  Value counts = op.create<StringTokenCountOp>(x, automata, between, least);
  Value largest = counts ? c.reduce(op.reshape(counts, ArrayRef<int64_t>{-1}), {0}, "max", false) : Value();
  largest = c.max(largest, op.i64Scalar(0)); // the largest of none is the least integer
  Value tokens = largest ? op.create<StringTokensOp>(x, largest, automata, between, least) : Value();
  return tokens ? op.result(filledTokens(c, tokens, counts)) : failure();
}

// ---- com.microsoft's MurmurHash3

/// The hash of the bytes of each number, MurmurHash3_x86_32.
Value hashedNumbers(Compose &c, Value x, int64_t seed) {
  OpBinder &op = c.op;
  Type u32 = op.builder.getIntegerType(32, /*isSigned=*/false), u64 = op.builder.getIntegerType(64, false);
  auto shifted = [&](Value v, int64_t bits, bool left) {
    return left ? c.make<ShiftLeftOp>(v, c.like(v, bits)) : c.make<ShiftRightOp>(v, c.like(v, bits));
  };
  auto rotated = [&](Value v, int64_t bits) {
    return c.make<OrOp>(shifted(v, bits, true), shifted(v, 32 - bits, false));
  };
  SmallVector<Value> blocks;
  bool isWide = op.elementType(x).getIntOrFloatBitWidth() == 64;
  Value bits = c.make<BitCastOp>(x, isWide ? u64 : u32);
  blocks.push_back(c.cast(bits, u32));
  if (isWide)
    blocks.push_back(c.cast(shifted(bits, 32, false), u32));
  Value hash = c.like(blocks.front(), seed);
  for (Value block : blocks) {
    Value mixed = c.mul(rotated(c.mul(block, 0xcc9e2d51), 15), 0x1b873593);
    hash = c.add(c.mul(rotated(c.make<XorOp>(hash, mixed), 13), 5), 0xe6546b64);
  }
  hash = c.make<XorOp>(hash, c.like(hash, 4 * blocks.size()));
  for (auto [bits, factor] : {std::pair(16, 0x85ebca6b), std::pair(13, 0xc2b2ae35), std::pair(16, 1u)})
    hash = c.mul(c.make<XorOp>(hash, shifted(hash, bits, false)), factor);
  return hash;
}

LogicalResult murmurHash(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  Type type = op.elementType(x);
  int64_t seed = op.intAttr("seed", 0);
  if (seed < 0 || seed > int64_t(std::numeric_limits<uint32_t>::max()))
    return op.error("E-ATTR", "seed is " + Twine(seed) + "; expected 0 to 4294967295");
  bool isText = isa<StringType>(type);
  if (!isText && (!type.isIntOrFloat() || (type.getIntOrFloatBitWidth() != 32 && type.getIntOrFloatBitWidth() != 64)))
    return op.error("E-TYPE", "the input has elements of type " + op.typeName(type) +
                                  "; expected strings, or numbers of 32 or 64 bits");
  Value hash = isText ? op.create<StringHashOp>(x, seed) : hashedNumbers(c, x, seed);
  return op.result(op.intAttr("positive", 1) ? hash : c.make<BitCastOp>(hash, op.builder.getI32Type()));
}

/// Drops stop words along the last axis of [words] or [1, words] and changes the case of the rest; where nothing is
/// left, one empty text stays.
LogicalResult stringNormalizer(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  int64_t rank = op.rank(x), axis = rank - 1;
  Dim rows = rank == 2 ? op.shapes().dim(x, 0) : op.dims().constant(1);
  if (!rows.constant())
    x = c.make<RequireOp>(x, c.make<EqualOp>(op.sizes({rows}), op.i64({1})), true,
                          "the input has more than one row of words");
  else if (rank < 1 || rank > 2 || !rows.isConstant(1))
    return op.error("E-SHAPE",
                    "the input has shape " + formatShape(op.shapes().dimsOf(x)) + "; expected [words] or [1, words]");
  StringRef action = op.stringAttr("case_change_action", "NONE");
  if (action != "NONE" && action != "LOWER" && action != "UPPER")
    return op.error("E-ATTR", "case_change_action is '" + action + "'; expected NONE, LOWER or UPPER");
  auto stopWords = op.node.getStrings("stopwords").value_or(ArrayRef<StringRef>());
  if (!stopWords.empty()) {
    bool isSensitive = op.intAttr("is_case_sensitive", 0) != 0;
    auto compared = [&](Value texts) { return isSensitive ? texts : c.make<StringCaseOp>(texts, /*upper=*/false); };
    Value words = rank == 2 ? c.make<ReshapeOp>(x, op.i64({-1}), false) : x;
    Value is = c.make<EqualOp>(c.unsqueeze(compared(words), {1}), compared(op.texts(stopWords)));
    Value stops = c.reduce(c.cast(is, op.builder.getI32Type()), {1}, "max", false);
    x = c.make<CompressOp>(x, c.make<EqualOp>(stops, c.like(stops, 0)), axis);
  }
  if (action != "NONE")
    x = c.make<StringCaseOp>(x, action == "UPPER");
  if (!x)
    return failure();
  // One more, which is cut off again where there are others.
  DimContext &d = op.dims();
  Value last = c.op.reshape(op.text(""), SmallVector<int64_t>(rank, 1));
  Value padded = last ? op.create<ConcatOp>(SmallVector<Value>{x, last}, axis) : Value();
  Value end = op.sizes({d.max(op.shapes().dim(x, axis), d.constant(1))});
  return op.result(c.make<SliceOp>(padded, op.i64({0}), end, op.i64({1}), SmallVector<int64_t>{axis}));
}

/// How often each n-gram of a pool occurs in each row, weighted.
LogicalResult tfIdfVectorizer(OpBinder &op) {
  Compose c{op};
  int64_t least = op.intAttr("min_gram_length", 1), most = op.intAttr("max_gram_length", 1);
  int64_t skips = op.intAttr("max_skip_count", 0);
  auto starts = op.node.getInts("ngram_counts").value_or(ArrayRef<int64_t>());
  auto columns = op.node.getInts("ngram_indexes").value_or(ArrayRef<int64_t>());
  auto numbers = op.node.getInts("pool_int64s").value_or(ArrayRef<int64_t>());
  auto strings = op.node.getStrings("pool_strings").value_or(ArrayRef<StringRef>());
  auto weights = op.floatsAttr("weights").value_or(SmallVector<float>());
  StringRef mode = op.stringAttr("mode", "TF");
  int64_t poolSize = int64_t(std::max(numbers.size(), strings.size()));
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF")
    return op.error("E-ATTR", "mode is '" + mode + "'; expected TF, IDF or TFIDF");
  if (least < 1 || most < least || skips < 0)
    return op.error("E-ATTR", "min_gram_length is " + Twine(least) + ", max_gram_length " + Twine(most) +
                                  " and max_skip_count " + Twine(skips) +
                                  "; expected 1 <= min <= max and 0 or more skips");
  if (numbers.empty() == strings.empty())
    return op.error("E-ATTR", "pool_int64s has " + Twine(numbers.size()) + " entries and pool_strings " +
                                  Twine(strings.size()) + "; expected one of them");

  // (start in the pool, length, column) of each n-gram; ngram_counts says where those of each length begin.
  constexpr int64_t kMostColumns = int64_t(1) << 24;
  SmallVector<int64_t> ngrams;
  size_t next = 0;
  int64_t width = 0;
  for (auto [i, start] : llvm::enumerate(starts)) {
    int64_t length = int64_t(i) + 1, end = i + 1 < starts.size() ? starts[i + 1] : poolSize;
    if (start < 0 || end < start || end > poolSize || (end - start) % length)
      return op.error("E-ATTR", "ngram_counts[" + Twine(i) + "] is " + Twine(start) + "; the pool's " + Twine(length) +
                                    "-grams would be its entries " + Twine(start) + " to " + Twine(end) + " of " +
                                    Twine(poolSize));
    for (int64_t at = start; at < end; at += length, ++next) {
      if (next >= columns.size() || columns[next] < 0)
        return op.error("E-ATTR", "ngram_indexes has no column for n-gram " + Twine(next) + " of the pool");
      if (columns[next] >= kMostColumns)
        return op.unsupported("entry " + Twine(next) + " of ngram_indexes is " + Twine(columns[next]) +
                              "; supported are columns 0 to " + Twine(kMostColumns - 1));
      width = std::max(width, columns[next] + 1);
      if (length >= least && length <= most)
        ngrams.append({at, length, columns[next]});
    }
  }
  if (next == 0 || columns.size() != next || (!weights.empty() && weights.size() != next))
    return op.error("E-ATTR", "the pool has " + Twine(next) + " n-grams, ngram_indexes " + Twine(columns.size()) +
                                  " entries and weights " + Twine(weights.size()) +
                                  "; expected as many, and one or more");

  Value x = op.input(0);
  int64_t rank = op.rank(x);
  if (rank != 1 && rank != 2)
    return op.error("E-SHAPE", "the input has rank " + Twine(rank) + "; expected 1 or 2");
  bool isText = isa<StringType>(op.elementType(x));
  if (isText == strings.empty())
    return op.error("E-TYPE", "the input has elements of type " + op.typeName(op.elementType(x)) +
                                  ", and the pool is of " + (isText ? "integers" : "strings"));
  Value rows = rank == 1 ? c.unsqueeze(x, {0}) : x;
  if (!isText)
    rows = c.cast(rows, op.builder.getI64Type());
  auto tableType = RankedTensorType::get({int64_t(ngrams.size()) / 3, 3}, op.builder.getI64Type());
  Value table =
      ConstantOp::create(op.builder, op.loc, tableType, DenseElementsAttr::get(tableType, ArrayRef<int64_t>(ngrams)));
  Value counts = c.make<CountNgramsOp>(rows, isText ? op.texts(strings) : op.i64(numbers), table, skips, width);
  if (mode == "IDF")
    counts = c.cast(c.make<LessOp>(c.like(counts, 0), counts), op.builder.getF32Type());
  if (mode != "TF" && !weights.empty()) {
    SmallVector<float> byColumn(width, 1);
    for (auto [column, weight] : llvm::zip(columns, weights))
      byColumn[column] = weight;
    auto type = RankedTensorType::get({width}, op.builder.getF32Type());
    counts = c.mul(
        counts, ConstantOp::create(op.builder, op.loc, type, DenseElementsAttr::get(type, ArrayRef<float>(byColumn))));
  }
  return op.result(rank == 1 ? c.squeeze(counts, {0}) : counts);
}

// ---- as ONNX

/// StringNormalizer works on a vector.
LogicalResult exportStringCase(StringCaseOp op, NodeBuilder &b) {
  Edge x = b(op.getX());
  Edge y = b.node("StringNormalizer", {b.reshape(x, {-1})},
                  {{"case_change_action", op.getUpper() ? "UPPER" : "LOWER"}, {"is_case_sensitive", 1}});
  return b.result(b.node("Reshape", {y, b.node("Shape", {x})}));
}

/// Attributes of StringSplit; null where the delimiter is no constant.
template <typename OpT> FailureOr<SmallVector<NodeAttribute>> splitAttributes(OpT op, NodeBuilder &b) {
  auto delimiter = dyn_cast_or_null<DenseElementsAttr>(constantBehind(op.getDelimiter()));
  if (!delimiter)
    return b.refuse("its delimiter is no constant");
  SmallVector<NodeAttribute> attributes;
  if (StringRef text = *delimiter.template getValues<StringRef>().begin(); !text.empty())
    attributes.emplace_back("delimiter", text);
  if (int64_t(op.getMostSplits()) != std::numeric_limits<int64_t>::max())
    attributes.emplace_back("maxsplit", op.getMostSplits());
  return attributes;
}

LogicalResult exportStringPieces(StringPiecesOp op, NodeBuilder &b) {
  auto attributes = splitAttributes(op, b);
  return failed(attributes) ? failure() : b.result(b.nodes("StringSplit", {b(op.getX())}, *attributes, 2)[1]);
}

/// As many pieces as the longest has, as the importer counts them.
LogicalResult exportStringSplit(StringSplitOp op, NodeBuilder &b) {
  auto attributes = splitAttributes(op, b);
  return failed(attributes) ? failure() : b.result(b.nodes("StringSplit", {b(op.getX())}, *attributes, 2)[0]);
}

/// The pool and the list of n-grams, ordered by length as the attributes want them.
LogicalResult exportCountNgrams(CountNgramsOp op, NodeBuilder &b) {
  auto pool = dyn_cast_or_null<DenseElementsAttr>(constantBehind(op.getPool()));
  ElementsAttr table = constantBehind(op.getNgrams());
  if (!pool || !table)
    return b.refuse("its n-grams are no constants");
  std::vector<uint8_t> bytes = bytesOf(table);
  std::vector<std::array<int64_t, 3>> ngrams(bytes.size() / sizeof(std::array<int64_t, 3>));
  std::memcpy(ngrams.data(), bytes.data(), bytes.size());
  llvm::sort(ngrams, [](const auto &x, const auto &y) { return std::pair(x[1], x[0]) < std::pair(y[1], y[0]); });
  std::vector<std::string> texts;
  std::vector<int64_t> numbers, starts, columns;
  bool isText = isa<StringType>(pool.getElementType());
  auto size = [&] { return int64_t(isText ? texts.size() : numbers.size()); };
  for (auto [start, length, column] : ngrams) {
    while (int64_t(starts.size()) < length)
      starts.push_back(size());
    columns.push_back(column);
    for (int64_t at = start; at < start + length; ++at)
      if (isText)
        texts.push_back(pool.getValues<StringRef>()[at].str());
      else
        numbers.push_back(pool.getValues<int64_t>()[at]);
  }
  // The width of the result follows from the largest column.
  if (ngrams.empty() || *llvm::max_element(columns) + 1 != int64_t(op.getColumns()))
    return b.refuse("its last columns count no n-gram");
  NodeAttribute list =
      isText ? NodeAttribute("pool_strings", texts) : NodeAttribute("pool_int64s", ArrayRef<int64_t>(numbers));
  return b.result(b.node("TfIdfVectorizer", {b(op.getX())},
                         {list,
                          {"ngram_counts", ArrayRef<int64_t>(starts)},
                          {"ngram_indexes", ArrayRef<int64_t>(columns)},
                          {"mode", "TF"},
                          {"min_gram_length", ngrams.front()[1]},
                          {"max_gram_length", ngrams.back()[1]},
                          {"max_skip_count", op.getMaxSkips()}}));
}

LogicalResult exportStringFormat(StringFormatOp op, NodeBuilder &b) {
  return b.result(b.node("Cast", b.operands(), {{"to", b.elementType(op.getResult())}}));
}

} // namespace

namespace cameo::onnx {
void registerTextHandlers(HandlerTable &table) {
  table.on("StringConcat", 20, stringConcat);
  table.on("StringSplit", 20, stringSplit);
  table.on("RegexFullMatch", 20, regexFullMatch);
  table.on("StringNormalizer", 10, stringNormalizer);
  table.on("TfIdfVectorizer", 9, tfIdfVectorizer);
  table.onMicrosoft("Tokenizer", "X", tokenizer);
  table.onMicrosoft("MurmurHash3", "X", murmurHash);

  table.exports<StringConcatOp>("StringConcat");
  table.exports<StringCaseOp>(exportStringCase);
  table.exports<StringPiecesOp>(exportStringPieces);
  table.exports<StringSplitOp>(exportStringSplit);
  table.exports<StringParseOp>("Cast(to)");
  table.exports<CountNgramsOp>(exportCountNgrams);
  table.exports<StringFormatOp>(exportStringFormat);
}
} // namespace cameo::onnx

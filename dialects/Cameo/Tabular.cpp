// Tabular.cpp - shapes and loops of tree_ensemble, count_ngrams and couple_probabilities.
//
// A step down a tree waits for two loads, so several walks go on side by side: kLanes rows through one tree, or, for
// the rows that are left, one row through kLanes trees. All take as many steps as the deepest leaf wants; a walk that
// is at a leaf stays there, which costs less than a branch that is hard to predict.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/TabularOps.cpp.inc"

namespace cameo {
void registerTabularOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/TabularOps.cpp.inc"
      >();
}
} // namespace cameo

LogicalResult TreeEnsembleOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &nodes = shapes.get(getNodes()), &roots = shapes.get(getRoots()),
                  &weights = shapes.get(getWeights());
  if (x.rank() != 2 || nodes.rank() != 2 || !nodes.dims[1].isConstant(4) || roots.rank() != 2 ||
      !roots.dims[1].isConstant(2) || weights.rank() != 2)
    return emitOpError("operands have shapes ")
           << formatShape(x.dims) << ", " << formatShape(nodes.dims) << ", " << formatShape(roots.dims) << " and "
           << formatShape(weights.dims) << "; expected two axes each, nodes with 4 and roots with 2 columns"; // C1
  DimContext &d = shapes.dims();
  if (failed(verifySameSize(getOperation(), weights.dims[0], d.sub(nodes.dims[0], getLeavesFrom()),
                            "the number of rows of weights")))
    return failure(); // C1
  if (Value targets = getTargets()) {
    if (shapes.rank(targets) != 2)
      return emitOpError("targets have rank ") << shapes.rank(targets) << "; expected 2"; // C1
    for (int64_t axis : {0, 1})
      if (failed(verifySameSize(getOperation(), shapes.dim(targets, axis), weights.dims[axis], "a size of targets")))
        return failure(); // C1
  } else if (failed(verifySameSize(getOperation(), weights.dims[1], d.constant(getNumTargets()),
                                   "the number of columns of weights"))) {
    return failure(); // C1
  }
  unsigned width = nodes.elementType.getIntOrFloatBitWidth();
  if (x.elementType != weights.elementType || x.elementType.getIntOrFloatBitWidth() != width || width < 32)
    return emitOpError("has elements ") << x.elementType << ", nodes of " << nodes.elementType << " and weights of "
                                        << weights.elementType << "; expected f32 with 32 or f64 with 64 bits"; // C2
  auto isMode = [](Attribute mode) {
    return llvm::is_contained({"lt", "le", "eq"}, cast<StringAttr>(mode).getValue());
  };
  if (getModes().empty() || getModes().size() > 3 || !llvm::all_of(getModes(), isMode))
    return emitOpError("modes are ") << getModes() << "; expected 1 to 3 of lt, le, eq"; // C3
  if (!llvm::is_contained({"sum", "min", "max"}, getAggregate()))
    return emitOpError("aggregate is \"") << getAggregate() << "\"; expected sum, min or max"; // C3
  results.push_back({x.elementType, {x.dims[0], d.constant(getNumTargets())}, std::nullopt});
  return success();
}

namespace {

constexpr int64_t kLanes = 8;
/// Bits of a node's feature.
constexpr int64_t kModeShift = 24, kMissingBit = 26;

class TreeWalk {
public:
  TreeWalk(TreeEnsembleOp op, KernelEmitter &k, ArrayRef<KernelTensor> operands, const KernelTensor &result)
      : op(op), k(k), x(operands[0]), nodes(operands[1]), roots(operands[2]), weights(operands[3]), result(result),
        targets(op.getTargets() ? operands[4] : KernelTensor()), loc(op.getLoc()) {}

  /// All trees over rows [begin, begin + lanes), in side by side.
  void emitRows(OpBuilder &b, Value begin, int64_t lanes);

private:
  Value constant(OpBuilder &b, int64_t v) { return constantIndex(b, loc, v); }
  Value loadIndex(OpBuilder &b, const KernelTensor &t, Value row, Value column) {
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), t.load(b, loc, {row, column}));
  }
  Value step(OpBuilder &b, Value row, Value node);
  Value passes(OpBuilder &b, Value value, Value threshold, Value word);
  SmallVector<Value> walk(OpBuilder &b, ValueRange rows, ValueRange starts, Value depth);
  Value combine(OpBuilder &b, Value total, Value weight);
  void vote(OpBuilder &b, Value row, Value leaf);

  TreeEnsembleOp op;
  KernelEmitter &k;
  const KernelTensor &x, &nodes, &roots, &weights, &result;
  KernelTensor targets;
  Location loc;
};

} // namespace

/// Whether `value` passes the node's test; `word` is the node's feature with its flags.
Value TreeWalk::passes(OpBuilder &b, Value value, Value threshold, Value word) {
  auto test = [&](Attribute mode) -> Value {
    StringRef name = cast<StringAttr>(mode).getValue();
    auto predicate = name == "lt"   ? arith::CmpFPredicate::OLT
                     : name == "le" ? arith::CmpFPredicate::OLE
                                    : arith::CmpFPredicate::OEQ;
    return arith::CmpFOp::create(b, loc, predicate, value, threshold);
  };
  ArrayAttr modes = op.getModes();
  Value passed = test(modes[0]);
  Type type = word.getType();
  if (modes.size() > 1) {
    Value mode = arith::ShRUIOp::create(b, loc, word, constantInt(b, loc, type, kModeShift));
    mode = arith::AndIOp::create(b, loc, mode, constantInt(b, loc, type, 3));
    for (size_t i = 1; i < modes.size(); ++i) {
      Value is = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, mode, constantInt(b, loc, type, i));
      passed = arith::SelectOp::create(b, loc, is, test(modes[i]), passed);
    }
  }
  if (op.getMissing()) {
    Value isNaN = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, value, value);
    Value flag = arith::AndIOp::create(b, loc, word, constantInt(b, loc, type, int64_t(1) << kMissingBit));
    flag = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, flag, constantInt(b, loc, type, 0));
    passed = arith::OrIOp::create(b, loc, passed, arith::AndIOp::create(b, loc, isNaN, flag));
  }
  return passed;
}

/// The node after `node` for a row of x.
Value TreeWalk::step(OpBuilder &b, Value row, Value node) {
  Value word = nodes.load(b, loc, {node, constant(b, 0)});
  Value feature = word;
  if (op.getModes().size() > 1 || op.getMissing())
    feature = arith::AndIOp::create(b, loc, word, constantInt(b, loc, word.getType(), (int64_t(1) << kModeShift) - 1));
  feature = arith::IndexCastOp::create(b, loc, b.getIndexType(), feature);
  Value threshold = nodes.load(b, loc, {node, constant(b, 1)});
  threshold = arith::BitcastOp::create(b, loc, x.elementType, threshold);
  Value passed = passes(b, x.load(b, loc, {row, feature}), threshold, word);
  return arith::SelectOp::create(b, loc, passed, loadIndex(b, nodes, node, constant(b, 2)),
                                 loadIndex(b, nodes, node, constant(b, 3)));
}

/// The nodes that walks of `rows` from `starts` reach after `depth` steps.
SmallVector<Value> TreeWalk::walk(OpBuilder &b, ValueRange rows, ValueRange starts, Value depth) {
  return reduceNest(b, loc, depth, starts, [&](OpBuilder &b, Location, ValueRange, ValueRange at) {
    SmallVector<Value> next;
    for (auto [row, node] : llvm::zip(rows, at))
      next.push_back(step(b, row, node));
    return next;
  });
}

Value TreeWalk::combine(OpBuilder &b, Value total, Value weight) {
  if (op.getAggregate() == "sum")
    return arith::AddFOp::create(b, loc, total, weight);
  return op.getAggregate() == "min" ? minScalar(b, loc, total, weight, x.elementType)
                                    : maxScalar(b, loc, total, weight, x.elementType);
}

/// Adds what the leaf says to the row's totals, which are in the result.
void TreeWalk::vote(OpBuilder &b, Value row, Value leaf) {
  loopNest(b, loc, k.size(weights.dims[1]), [&](OpBuilder &b, Location, ValueRange i) {
    Value target = targets ? loadIndex(b, targets, leaf, i[0]) : i[0];
    Value total = combine(b, loadStored(b, loc, result, {row, target}), weights.load(b, loc, {leaf, i[0]}));
    result.store(b, loc, total, {row, target});
  });
}

void TreeWalk::emitRows(OpBuilder &b, Value begin, int64_t lanes) {
  double infinity = std::numeric_limits<double>::infinity();
  double start = op.getAggregate() == "sum" ? 0 : op.getAggregate() == "min" ? infinity : -infinity;
  Value none = constantScalar(b, loc, x.elementType, start), zero = constant(b, 0), one = constant(b, 1);
  Value leaves = constant(b, op.getLeavesFrom()), trees = k.size(roots.dims[0]);
  SmallVector<Value> rows;
  for (int64_t lane = 0; lane < lanes; ++lane)
    rows.push_back(addIndex(b, loc, begin, constant(b, lane)));
  bool isSingle = op.getNumTargets() == 1 && !targets;
  if (!isSingle)
    for (Value row : rows)
      loopNest(b, loc, constant(b, op.getNumTargets()),
               [&](OpBuilder &b, Location, ValueRange target) { result.store(b, loc, none, {row, target[0]}); });
  // Totals of one target stay in registers.
  SmallVector<Value> totals(isSingle ? lanes : 0, none);
  auto add = [&](OpBuilder &b, MutableArrayRef<Value> totals, ValueRange reached, ValueRange walked) {
    for (auto [i, node] : llvm::enumerate(reached)) {
      Value leaf = subIndex(b, loc, node, leaves);
      if (isSingle)
        totals[totals.size() == 1 ? 0 : i] =
            combine(b, totals[totals.size() == 1 ? 0 : i], weights.load(b, loc, {leaf, zero}));
      else
        vote(b, walked[i], leaf);
    }
  };
  auto oneTree = [&](OpBuilder &b, Location, ValueRange tree, ValueRange carried) {
    SmallVector<Value> now(carried), starts(lanes, loadIndex(b, roots, tree[0], zero));
    add(b, now, walk(b, rows, starts, loadIndex(b, roots, tree[0], one)), rows);
    return now;
  };
  if (lanes == 1) {
    // Trees in groups, then those that are left.
    Value groups = arith::DivUIOp::create(b, loc, trees, constant(b, kLanes));
    totals = reduceNest(b, loc, groups, totals, [&](OpBuilder &b, Location, ValueRange group, ValueRange carried) {
      SmallVector<Value> now(carried), starts, same(kLanes, rows[0]);
      Value depth = zero;
      for (int64_t i = 0; i < kLanes; ++i) {
        Value tree = addIndex(b, loc, mulIndex(b, loc, group[0], constant(b, kLanes)), constant(b, i));
        starts.push_back(loadIndex(b, roots, tree, zero));
        depth = maxIndex(b, loc, depth, loadIndex(b, roots, tree, one));
      }
      add(b, now, walk(b, same, starts, depth), same);
      return now;
    });
    Value done = mulIndex(b, loc, groups, constant(b, kLanes));
    totals = reduceNest(b, loc, subIndex(b, loc, trees, done), totals,
                        [&](OpBuilder &b, Location, ValueRange i, ValueRange carried) {
                          return oneTree(b, loc, addIndex(b, loc, done, i[0]), carried);
                        });
  } else {
    totals = reduceNest(b, loc, trees, totals, oneTree);
  }
  if (isSingle)
    for (auto [row, total] : llvm::zip(rows, totals))
      result.store(b, loc, total, {row, zero});
}

LogicalResult TreeEnsembleOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                        ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  TreeWalk walk(*this, k, operands, results[0]);
  Dim rows = operands[0].dims[0];
  Dim groups = k.dims().ceilDiv(rows, kLanes);
  int64_t steps = 0; // of a walk through every tree, if they were complete
  if (auto trees = operands[2].dims[0].constant(), nodes = operands[1].dims[0].constant(); trees && nodes && *trees)
    steps = *trees * llvm::Log2_64_Ceil(*nodes / *trees + 1);
  k.parallelNest(
      b, loc, {groups, k.dims().constant(1)},
      [&](OpBuilder &b, Location loc, ValueRange at) {
        Value begin = mulIndex(b, loc, at[0], constantIndex(b, loc, kLanes));
        Value left = subIndex(b, loc, k.size(rows), begin);
        Value isShort = isLess(b, loc, left, constantIndex(b, loc, kLanes));
        auto branch = scf::IfOp::create(b, loc, isShort, /*withElseRegion=*/true);
        OpBuilder few = branch.getThenBodyBuilder(), all = branch.getElseBodyBuilder();
        loopNest(few, loc, left,
                 [&](OpBuilder &b, Location loc, ValueRange i) { walk.emitRows(b, addIndex(b, loc, begin, i[0]), 1); });
        walk.emitRows(all, begin, kLanes);
      },
      k.dims().constant(std::max<int64_t>(1, steps * kLanes)));
  return success();
}

// ---- count_ngrams

LogicalResult CountNgramsOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &pool = shapes.get(getPool()), &ngrams = shapes.get(getNgrams());
  if (x.rank() != 2 || pool.rank() != 1 || ngrams.rank() != 2 || !ngrams.dims[1].isConstant(3))
    return emitOpError("operands have shapes ")
           << formatShape(x.dims) << ", " << formatShape(pool.dims) << " and " << formatShape(ngrams.dims)
           << "; expected [rows, tokens], [tokens] and [n-grams, 3]"; // C1
  if (x.elementType != pool.elementType)
    return emitOpError("x has element type ")
           << x.elementType << ", pool " << pool.elementType << "; expected the same"; // C1
  if (int64_t(getColumns()) < 0 || int64_t(getMaxSkips()) < 0)
    return emitOpError("columns is ") << int64_t(getColumns()) << " and maxSkips " << int64_t(getMaxSkips())
                                      << "; expected 0 or more"; // C2
  results.push_back({Float32Type::get(getContext()), {x.dims[0], shapes.dims().constant(getColumns())}, std::nullopt});
  return success();
}

namespace {

/// A hash table of n-grams. Those whose tokens have one hash are a list: `heads` has the number of the first behind
/// each hash, `next` that of the one behind each n-gram; -1 where there is none.
struct NgramTable {
  Location loc;
  const KernelTensor &pool, &ngrams;
  KernelTensor heads, next;
  Value numHeads;

  Value entry(OpBuilder &b, Value ngram, int64_t which) const {
    return toIndex(b, loc, ngrams.load(b, loc, {ngram, constantIndex(b, loc, which)}), b.getI64Type());
  }
  Value lengthOf(OpBuilder &b, Value ngram) const {
    return maxIndex(b, loc, entry(b, ngram, 1), constantIndex(b, loc, 1));
  }

  /// Of the tokens that `before` stands for and one more.
  Value hash(OpBuilder &b, Value before, Value token) const {
    Type type = b.getI64Type();
    if (token.getType() != type)
      token = arith::ExtUIOp::create(b, loc, type, token);
    Value mixed = arith::XOrIOp::create(b, loc, before, token);
    mixed = arith::MulIOp::create(b, loc, mixed, constantInt(b, loc, type, int64_t(0x9e3779b97f4a7c15)));
    return arith::XOrIOp::create(b, loc, mixed, arith::ShRUIOp::create(b, loc, mixed, constantInt(b, loc, type, 32)));
  }
  Value place(OpBuilder &b, Value hash) const {
    Value count = arith::IndexCastOp::create(b, loc, b.getI64Type(), numHeads);
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), arith::RemUIOp::create(b, loc, hash, count));
  }

  /// Calls `visit` for all n-grams whose hash may be `hash`.
  void forEach(OpBuilder &b, Value hash, llvm::function_ref<void(OpBuilder &, Value)> visit) const {
    Type type = b.getI64Type();
    scf::WhileOp::create(
        b, loc, TypeRange{type}, ValueRange{heads.load(b, loc, place(b, hash))},
        [&](OpBuilder &b, Location loc, ValueRange ngram) {
          Value none = constantInt(b, loc, type, 0);
          Value exists = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, ngram[0], none);
          scf::ConditionOp::create(b, loc, exists, ngram);
        },
        [&](OpBuilder &b, Location loc, ValueRange ngram) {
          Value number = arith::IndexCastOp::create(b, loc, b.getIndexType(), ngram[0]);
          visit(b, number);
          scf::YieldOp::create(b, loc, next.load(b, loc, number));
        });
  }
};

} // namespace

/// Fills the table with the n-grams whose entries are valid; gives the largest number of tokens.
static Value fillTable(KernelEmitter &k, OpBuilder &b, Location loc, const NgramTable &table, const KernelTensor &y) {
  Value zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
  loopNest(b, loc, table.numHeads, [&](OpBuilder &b, Location loc, ValueRange place) {
    table.heads.store(b, loc, constantInt(b, loc, b.getI64Type(), -1), place);
  });
  return reduceNest(
      b, loc, k.size(table.ngrams.dims[0]), zero, [&](OpBuilder &b, Location loc, ValueRange ngram, ValueRange most) {
        Value length = table.lengthOf(b, ngram[0]);
        CheckedIndex start =
            checkIndex(k, b, loc, table.entry(b, ngram[0], 0), table.pool.dims[0], "start of an n-gram", false);
        Value last = addIndex(b, loc, start.index, subIndex(b, loc, length, one));
        CheckedIndex end = checkIndex(k, b, loc, last, table.pool.dims[0], "end of an n-gram", false);
        CheckedIndex column =
            checkIndex(k, b, loc, table.entry(b, ngram[0], 2), y.dims[1], "column of an n-gram", false);
        Value isValid = arith::AndIOp::create(b, loc, arith::AndIOp::create(b, loc, start.ok, end.ok), column.ok);
        auto insert = scf::IfOp::create(b, loc, isValid, /*withElseRegion=*/false);
        OpBuilder inside = insert.getThenBodyBuilder();
        Value none = constantInt(inside, loc, inside.getI64Type(), 0);
        Value hash =
            reduceNest(inside, loc, length, none, [&](OpBuilder &b, Location loc, ValueRange i, ValueRange hash) {
              Value token = table.pool.load(b, loc, addIndex(b, loc, start.index, i[0]));
              return SmallVector<Value>{table.hash(b, hash[0], token)};
            })[0];
        Value place = table.place(inside, hash);
        table.next.store(inside, loc, table.heads.load(inside, loc, place), ngram);
        table.heads.store(inside, loc, arith::IndexCastOp::create(inside, loc, inside.getI64Type(), ngram[0]), place);
        Value counted = arith::SelectOp::create(b, loc, isValid, length, zero);
        return SmallVector<Value>{maxIndex(b, loc, most[0], counted)};
      })[0];
}

LogicalResult CountNgramsOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0], &y = results[0];
  DimContext &d = k.dims();
  Dim count = operands[2].dims[0], numHeads = d.add(d.mul(count, 2), 1);
  NgramTable table{loc,
                   operands[1],
                   operands[2],
                   k.temporary(b, loc, b.getI64Type(), {numHeads}),
                   k.temporary(b, loc, b.getI64Type(), {count}),
                   k.size(numHeads)};
  Value longest = fillTable(k, b, loc, table, y);
  Value zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1), tokens = k.size(x.dims[1]);
  // Tokens that lie further apart than there are tokens are none.
  Value steps = addIndex(b, loc, minIndex(b, loc, constantIndex(b, loc, getMaxSkips()), tokens), one);
  loopNest(b, loc, k.size(x.dims[0]), [&](OpBuilder &b, Location loc, ValueRange row) {
    loopNest(b, loc, k.size(y.dims[1]), [&](OpBuilder &b, Location loc, ValueRange column) {
      y.store(b, loc, constantScalar(b, loc, b.getF32Type(), 0), {row[0], column[0]});
    });
    loopNest(b, loc, {steps, tokens}, [&](OpBuilder &b, Location loc, ValueRange at) {
      // The tokens at[1], at[1] + step, .. up to the longest n-gram and the end of the row.
      Value step = addIndex(b, loc, at[0], one), rest = subIndex(b, loc, tokens, at[1]);
      Value most = minIndex(b, loc, longest, arith::CeilDivUIOp::create(b, loc, rest, step));
      auto tokenAt = [&](OpBuilder &b, Value i) {
        return x.load(b, loc, {row[0], addIndex(b, loc, at[1], mulIndex(b, loc, i, step))});
      };
      Value none = constantInt(b, loc, b.getI64Type(), 0);
      reduceNest(b, loc, most, none, [&](OpBuilder &b, Location loc, ValueRange i, ValueRange before) {
        Value hash = table.hash(b, before[0], tokenAt(b, i[0])), length = addIndex(b, loc, i[0], one);
        // A single token has no step.
        Value counts = arith::OrIOp::create(b, loc, isEqual(b, loc, at[0], zero), isLess(b, loc, one, length));
        table.forEach(b, hash, [&](OpBuilder &b, Value ngram) {
          Value isSame = arith::AndIOp::create(b, loc, counts, isEqual(b, loc, table.lengthOf(b, ngram), length));
          Value compared = arith::SelectOp::create(b, loc, isSame, length, zero), start = table.entry(b, ngram, 0);
          isSame = reduceNest(b, loc, compared, isSame, [&](OpBuilder &b, Location loc, ValueRange j, ValueRange all) {
            Value wanted = table.pool.load(b, loc, addIndex(b, loc, start, j[0]));
            Value same = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, tokenAt(b, j[0]), wanted);
            return SmallVector<Value>{arith::AndIOp::create(b, loc, all[0], same)};
          })[0];
          auto store = scf::IfOp::create(b, loc, isSame, /*withElseRegion=*/false);
          OpBuilder inside = store.getThenBodyBuilder();
          SmallVector<Value> to{row[0], table.entry(inside, ngram, 2)};
          Value once = constantScalar(inside, loc, inside.getF32Type(), 1);
          y.store(inside, loc, arith::AddFOp::create(inside, loc, loadStored(inside, loc, y, to), once), to);
        });
        return SmallVector<Value>{hash};
      });
    });
  });
  return success();
}

// ---- couple_probabilities

LogicalResult CoupleProbabilitiesOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &r = shapes.get(getR());
  int64_t classes = getClasses();
  if (classes < 2 || classes > 4096)
    return emitOpError("has ") << classes << " classes; expected 2 to 4096"; // C2
  DimContext &d = shapes.dims();
  if (r.rank() != 2)
    return emitOpError("operand has rank ") << r.rank() << "; expected 2"; // C1
  if (failed(verifySameSize(getOperation(), r.dims[1], d.constant(classes * (classes - 1) / 2), "the number of pairs")))
    return failure(); // C1
  results.push_back({r.elementType, {r.dims[0], d.constant(classes)}, std::nullopt});
  return success();
}

namespace {

/// The iteration of one row after the other. `q` is the matrix of the quadratic form, `p` the distribution so far and
/// `qp` their product.
struct Coupling {
  Location loc;
  Type type;
  Value classes;
  KernelTensor q, p, qp;

  Value constant(OpBuilder &b, double v) const { return constantScalar(b, loc, type, v); }
  Value sum(OpBuilder &b, llvm::function_ref<Value(OpBuilder &, Value)> term) const {
    return reduceNest(b, loc, classes, constant(b, 0), [&](OpBuilder &b, Location, ValueRange i, ValueRange total) {
      return SmallVector<Value>{arith::AddFOp::create(b, loc, total[0], term(b, i[0]))};
    })[0];
  }
  Value product(OpBuilder &b, Value x, Value y) const { return arith::MulFOp::create(b, loc, x, y); }
  /// qp = q p; gives p q p.
  Value multiply(OpBuilder &b) const {
    return sum(b, [&](OpBuilder &b, Value t) {
      Value dot = sum(b, [&](OpBuilder &b, Value j) { return product(b, q.load(b, loc, {t, j}), p.load(b, loc, j)); });
      qp.store(b, loc, dot, t);
      return product(b, p.load(b, loc, t), dot);
    });
  }
  /// Makes each class agree with the others in turn, and the sum 1 again.
  void round(OpBuilder &b, Value pqp) const {
    Value one = constant(b, 1);
    reduceNest(b, loc, classes, pqp, [&](OpBuilder &b, Location, ValueRange t, ValueRange carried) {
      Value own = q.load(b, loc, {t[0], t[0]}), gradient = qp.load(b, loc, t);
      Value difference = arith::DivFOp::create(b, loc, arith::SubFOp::create(b, loc, carried[0], gradient), own);
      p.store(b, loc, arith::AddFOp::create(b, loc, p.load(b, loc, t), difference), t);
      Value scale = arith::AddFOp::create(b, loc, one, difference);
      Value growth = arith::AddFOp::create(b, loc, product(b, difference, own), product(b, constant(b, 2), gradient));
      Value next = arith::AddFOp::create(b, loc, carried[0], product(b, difference, growth));
      next = arith::DivFOp::create(b, loc, arith::DivFOp::create(b, loc, next, scale), scale);
      loopNest(b, loc, classes, [&](OpBuilder &b, Location, ValueRange j) {
        Value moved =
            arith::AddFOp::create(b, loc, qp.load(b, loc, j), product(b, difference, q.load(b, loc, {t[0], j[0]})));
        qp.store(b, loc, arith::DivFOp::create(b, loc, moved, scale), j);
        p.store(b, loc, arith::DivFOp::create(b, loc, p.load(b, loc, j), scale), j);
      });
      return SmallVector<Value>{next};
    });
  }
};

} // namespace

LogicalResult CoupleProbabilitiesOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                               ArrayRef<KernelTensor> results) {
  const KernelTensor &r = operands[0], &result = results[0];
  Location loc = getLoc();
  int64_t count = getClasses();
  Dim size = k.dims().constant(count);
  Type type = computeType(r.elementType);
  KernelTensor q = k.temporary(b, loc, type, {size, size}), p = k.temporary(b, loc, type, size),
               qp = k.temporary(b, loc, type, size);
  Coupling c{loc, type, k.size(size), q, p, qp};
  Value one = constantIndex(b, loc, 1), two = constantIndex(b, loc, 2);
  loopNest(b, loc, k.size(r.dims[0]), [&](OpBuilder &b, Location, ValueRange row) {
    loopNest(b, loc, {c.classes, c.classes},
             [&](OpBuilder &b, Location, ValueRange at) { q.store(b, loc, c.constant(b, 0), at); });
    // q[t, j] = -r_tj r_jt, q[t, t] = sum over j of r_jt^2.
    loopNest(b, loc, c.classes, [&](OpBuilder &b, Location, ValueRange i) {
      p.store(b, loc, c.constant(b, 1.0 / count), i);
      // Pairs (i, i + 1), (i, i + 2), .. begin behind those of the classes before: i (2 classes - i - 1) / 2.
      Value twice = subIndex(b, loc, subIndex(b, loc, mulIndex(b, loc, two, c.classes), i[0]), one);
      Value begin = arith::DivUIOp::create(b, loc, mulIndex(b, loc, i[0], twice), two);
      Value above = subIndex(b, loc, subIndex(b, loc, c.classes, i[0]), one);
      loopNest(b, loc, above, [&](OpBuilder &b, Location, ValueRange n) {
        Value j = addIndex(b, loc, addIndex(b, loc, i[0], one), n[0]);
        Value first = r.load(b, loc, {row[0], addIndex(b, loc, begin, n[0])});
        Value second = arith::SubFOp::create(b, loc, c.constant(b, 1), first);
        Value both = arith::NegFOp::create(b, loc, c.product(b, first, second));
        auto addSquare = [&](Value v, Value at) {
          Value square = arith::AddFOp::create(b, loc, q.load(b, loc, {at, at}), c.product(b, v, v));
          q.store(b, loc, square, {at, at});
        };
        q.store(b, loc, both, {i[0], j});
        q.store(b, loc, both, {j, i[0]});
        addSquare(second, i[0]);
        addSquare(first, j);
      });
    });
    Value going = constantInt(b, loc, b.getI1Type(), 1);
    reduceNest(b, loc, constantIndex(b, loc, 100), going, [&](OpBuilder &b, Location, ValueRange, ValueRange carried) {
      auto branch = scf::IfOp::create(b, loc, b.getI1Type(), carried[0], /*withElseRegion=*/true);
      OpBuilder then = branch.getThenBodyBuilder(), otherwise = branch.getElseBodyBuilder();
      Value pqp = c.multiply(then);
      Value worst = reduceNest(then, loc, c.classes, c.constant(then, 0),
                               [&](OpBuilder &b, Location, ValueRange t, ValueRange carried) {
                                 Value error = arith::SubFOp::create(b, loc, qp.load(b, loc, t), pqp);
                                 error = math::AbsFOp::create(b, loc, error);
                                 return SmallVector<Value>{maxScalar(b, loc, carried[0], error, type)};
                               })[0];
      Value goesOn =
          arith::CmpFOp::create(then, loc, arith::CmpFPredicate::OGE, worst, c.constant(then, 0.005 / count));
      auto again = scf::IfOp::create(then, loc, goesOn);
      OpBuilder body = again.getThenBodyBuilder();
      c.round(body, pqp);
      scf::YieldOp::create(then, loc, goesOn);
      scf::YieldOp::create(otherwise, loc, carried[0]);
      return SmallVector<Value>{branch.getResult(0)};
    });
    loopNest(b, loc, c.classes,
             [&](OpBuilder &b, Location, ValueRange t) { result.store(b, loc, p.load(b, loc, t), {row[0], t[0]}); });
  });
  return success();
}

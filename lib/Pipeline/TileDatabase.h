// TileDatabase.h - measured tiles, kept in a file that compilations share.
//
//   {"cameo_tiles": 1,
//    "tiles": {"znver4 0.1.0 2f3a…": {"kernel": "matmul+relu 1x512", "among": 12, "us": 41.2, "us_of_model": 47.9,
//                                     "tile": {"mr": 6, "nr": 64, …}}, …}}
//
// Keys are opaque. A file with something else in it is refused, not overwritten. What others have added while this
// compilation measured stays, unless two write at the same moment.
#ifndef LIB_PIPELINE_TILEDATABASE_H
#define LIB_PIPELINE_TILEDATABASE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include <map>
#include <string>

namespace cameo {

/// What was measured of one kernel.
struct MeasuredTile {
  std::string kernel;                   ///< for people
  int64_t among = 0;                    ///< how many tiles were measured
  double microseconds = 0, ofModel = 0; ///< a launch on one thread, and one with the model's choice
  std::map<std::string, int64_t> tile;  ///< as in `config`
};

class TileDatabase {
public:
  explicit TileDatabase(std::string path) : path(std::move(path)) {}
  /// Reads the file; one that is not there is empty. Errors (E-FILE) are at `loc`.
  mlir::LogicalResult read(mlir::Location loc);
  const MeasuredTile *find(const std::string &key) const;
  void add(const std::string &key, MeasuredTile tile);
  /// Writes what was added, if anything was. Where that cannot be there is a warning at `loc`.
  void write(mlir::Location loc);

private:
  std::string path;
  std::map<std::string, MeasuredTile> tiles, added;
};

/// The numbers of an entry of a kernel's `config` by name: "mr"; in the dictionary `scores` of it, "scores.mr".
std::map<std::string, int64_t> toNumbers(mlir::DictionaryAttr tile);

} // namespace cameo
#endif

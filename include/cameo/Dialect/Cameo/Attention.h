// Attention.h - a bound that attention has in common with what makes it.
#ifndef CAMEO_DIALECT_CAMEO_ATTENTION_H
#define CAMEO_DIALECT_CAMEO_ATTENTION_H

#include <cstdint>

namespace cameo {

/// The largest `left` and `right`: more keys than there are, and so far from what 64 bits hold that positions can be
/// added to it.
constexpr int64_t kMostAttentionWindow = int64_t(1) << 48;

} // namespace cameo
#endif

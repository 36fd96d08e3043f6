// SPDX-License-Identifier: Apache-2.0
#include "ops/shape_rules.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/status.h"
#include "ops/infer.h"

namespace otium {
namespace {

// split with one size for all pieces of a dimension whose size is a name looks
// for a factor up to this one.
constexpr int64_t kMaxSymbolicPieces = 64;

// Whether `d` is below zero whenever its names are above: -k, but not n - k.
// Linear forms only; for others the answer no is right as soon as they are bound.
bool IsNegative(const Dim& d) {
  if (d.IsStatic()) return d.value() < 0;
  std::vector<std::string> names;
  d.CollectSymbols(&names);
  auto at = [&](absl::string_view one) {
    return d.Substitute([&](absl::string_view name) { return Dim(name == one ? 1 : 0); }).value();
  };
  const int64_t origin = at("");
  bool decreases = origin < 0;
  if (origin > 0) return false;
  for (const std::string& name : names) {
    const int64_t value = at(name);
    if (value > origin) return false;
    decreases = decreases || value < origin;
  }
  return decreases;
}

// A Python index into `size`: from the end when negative; clamped to [low, high]
// counted likewise when all are numbers.
Dim PythonIndex(const Dim& index, const Dim& size, int64_t low, const Dim& high) {
  const Dim from_front = IsNegative(index) ? index + size : index;
  if (!from_front.IsStatic() || !high.IsStatic()) return from_front;
  return std::clamp(from_front.value(), low, std::max(low, high.value()));
}

absl::Status NotInRange(absl::string_view what, const Dim& index, int dim, const Dim& size) {
  return InvalidArgument(what, " ", index.ToString(), " is out of range for dimension ", dim,
                         " of size ", size.ToString());
}

}  // namespace

Dims DimsOf(const Shape& shape) { return Dims(shape.dims().begin(), shape.dims().end()); }

Dim NumElements(absl::Span<const Dim> dims) {
  Dim count = 1;
  for (const Dim& d : dims) count = count * d;
  return count;
}

Dim SmallerDim(const Dim& a, const Dim& b) {
  const Dim difference = a - b;
  if (difference.IsStatic()) return difference.value() <= 0 ? a : b;
  return Dim::Min(a, b);
}

double NoFlops(const OpCall&, absl::Span<const TensorType>) { return 0; }

absl::StatusOr<std::vector<int>> PermutationOf(const OpDef& op, const Attributes& attributes,
                                               int rank) {
  if (op.id == Op::transpose) {
    OTIUM_ASSIGN_OR_RETURN(const int a, NormalizeDim(attributes.Get<int64_t>("dim0"), rank));
    OTIUM_ASSIGN_OR_RETURN(const int b, NormalizeDim(attributes.Get<int64_t>("dim1"), rank));
    OTIUM_ASSIGN_OR_RETURN(std::vector<int> p, NormalizeDims(nullptr, rank));
    if (a != b) std::swap(p[a], p[b]);
    return p;
  }
  if (op.id == Op::permute) {
    const Ints& dims = attributes.Get<Ints>("dims");
    if (static_cast<int>(dims.size()) != rank) {
      return InvalidArgument("dims has ", dims.size(), " entries, x has ", rank,
                             rank == 1 ? " dimension" : " dimensions");
    }
    return NormalizeDims(&dims, rank);
  }
  const Ints& from = attributes.Get<Ints>("source");
  const Ints& to = attributes.Get<Ints>("destination");
  if (from.size() != to.size()) {
    return InvalidArgument("source has ", from.size(), " entries and destination ", to.size());
  }
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> source, NormalizeDims(&from, rank));
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> destination, NormalizeDims(&to, rank));
  std::vector<int> p(rank, -1);
  for (size_t i = 0; i < source.size() && rank > 0; ++i) p[destination[i]] = source[i];
  int next = 0;
  for (int& d : p) {
    if (d >= 0) continue;
    while (std::find(source.begin(), source.end(), next) != source.end()) ++next;
    d = next++;
  }
  return p;
}

absl::StatusOr<Dims> ResolveReshape(absl::Span<const Dim> from, const Dims& sizes) {
  int inferred = -1;
  Dims result = sizes;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (!sizes[d].IsStatic() || sizes[d].value() >= 0) continue;
    if (!sizes[d].Is(-1)) {
      return InvalidArgument("the size ", sizes[d].ToString(), " is negative");
    }
    if (inferred >= 0) return InvalidArgument("only one size may be -1");
    inferred = static_cast<int>(d);
  }
  auto mismatch = [&] {
    return InvalidArgument("x has the shape ", Shape(from).ToString(), ", which does not fill ",
                           ShapeOf(sizes).ToString());
  };
  if (inferred < 0) {
    const Dim have = NumElements(from), want = NumElements(sizes);
    // Different expressions may be equal for the sizes that come: a check then.
    const Dim difference = have - want;
    if (difference.IsStatic() && !difference.Is(0)) return mismatch();
    return result;
  }
  // Equal factors cancel, so that [b, n, m] to [b, -1] is n * m; what is left of
  // names that do not divide stays a quotient.
  Dims have(from.begin(), from.end()), known;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (static_cast<int>(d) == inferred) continue;
    if (sizes[d].Is(0)) {
      return InvalidArgument("the size that is -1 could be anything in ",
                             ShapeOf(sizes).ToString());
    }
    auto same = std::find(have.begin(), have.end(), sizes[d]);
    if (same != have.end()) {
      have.erase(same);
    } else {
      known.push_back(sizes[d]);
    }
  }
  const Dim total = NumElements(have), divisor = NumElements(known);
  if (total.IsStatic() && divisor.IsStatic() && total.value() % divisor.value() != 0) {
    return mismatch();
  }
  result[inferred] = Dim::FloorDiv(total, divisor);
  return result;
}

absl::StatusOr<std::vector<int>> SqueezeKeeps(const Attributes& attributes, const Shape& x) {
  const Ints* dims = attributes.Find<Ints>("dim");
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> candidates, NormalizeDims(dims, x.rank()));
  std::vector<int> keeps;
  for (int d = 0; d < x.rank(); ++d) {
    const bool candidate = std::find(candidates.begin(), candidates.end(), d) != candidates.end();
    if (candidate && !x[d].IsStatic()) {
      return InvalidArgument("the size ", x[d].ToString(), " of dimension ", d,
                             " may be 1 or not, and with it the number of dimensions: say which "
                             "dimensions to remove");
    }
    if (!candidate || !x[d].Is(1)) keeps.push_back(d);
  }
  return keeps;
}

absl::StatusOr<std::vector<int64_t>> RollShifts(const Attributes& attributes, int rank) {
  const Ints& shifts = attributes.Get<Ints>("shifts");
  const Ints* dims = attributes.Find<Ints>("dims");
  if (dims == nullptr) {
    if (shifts.size() != 1) {
      return InvalidArgument("there are ", shifts.size(), " shifts and no dims: give one for each");
    }
    return std::vector<int64_t>();
  }
  if (shifts.size() != dims->size()) {
    return InvalidArgument("there are ", shifts.size(), " shifts and ", dims->size(), " dims");
  }
  std::vector<int64_t> by_dim(rank, 0);
  for (size_t i = 0; i < dims->size(); ++i) {
    OTIUM_ASSIGN_OR_RETURN(const int d, NormalizeDim((*dims)[i], rank));
    if (rank > 0) by_dim[d] += shifts[i];  // A dimension named twice is rolled twice.
  }
  return by_dim;
}

absl::StatusOr<SliceBounds> ResolveSlice(const OpDef& op, const Attributes& attributes,
                                         const Dim& size) {
  SliceBounds bounds;
  if (op.id == Op::narrow) {
    const Dim& start = attributes.Get<Dim>("start");
    bounds.length = attributes.Get<Dim>("length");
    bounds.start = IsNegative(start) ? start + size : start;
    const Dim room = size - bounds.start - bounds.length;
    if (IsNegative(bounds.start) || IsNegative(bounds.length) || IsNegative(room)) {
      return InvalidArgument("start ", start.ToString(), " and length ", bounds.length.ToString(),
                             " do not fit into the size ", size.ToString());
    }
    return bounds;
  }
  bounds.step = attributes.Get<int64_t>("step");
  if (bounds.step == 0) return InvalidArgument("step is 0");
  const Dim* start = attributes.Find<Dim>("start");
  const Dim* end = attributes.Find<Dim>("end");
  const bool forward = bounds.step > 0;
  // Forward, positions lie in [0, size]; backward in [-1, size - 1], where -1 is
  // what only an absent end can say.
  const int64_t low = forward ? 0 : -1;
  const Dim high = forward ? size : size - 1;
  bounds.start = start != nullptr ? PythonIndex(*start, size, low, high)
                 : forward        ? Dim(0)
                                  : size - 1;
  const Dim stop = end != nullptr ? PythonIndex(*end, size, low, high) : forward ? size : Dim(-1);
  const Dim span = forward ? stop - bounds.start : bounds.start - stop;
  const int64_t stride = forward ? bounds.step : -bounds.step;
  bounds.length = Dim::FloorDiv(span + (stride - 1), stride);
  if (bounds.length.IsStatic() && bounds.length.value() <= 0) {
    bounds.length = 0;
    bounds.start = 0;
  }
  return bounds;
}

absl::StatusOr<Dim> ResolveIndex(const Attributes& attributes, int dim, const Dim& size) {
  const Dim& index = attributes.Get<Dim>("index");
  const Dim from_front = IsNegative(index) ? index + size : index;
  if (IsNegative(from_front) || IsNegative(size - from_front - 1)) {
    return NotInRange("index", index, dim, size);
  }
  return from_front;
}

absl::StatusOr<Dims> SplitSizes(const Attributes& attributes, int dim, const Dim& size) {
  const Dims& sizes = attributes.Get<Dims>("sizes");
  if (sizes.empty()) return InvalidArgument("sizes is empty");
  for (const Dim& s : sizes) {
    if (IsNegative(s)) return InvalidArgument("the size ", s.ToString(), " is negative");
  }
  if (sizes.size() > 1) {
    Dim sum = 0;
    for (const Dim& s : sizes) sum = sum + s;
    const Dim difference = sum - size;
    if (difference.IsStatic() && !difference.Is(0)) {
      return InvalidArgument("the sizes ", ShapeOf(sizes).ToString(), " add up to ", sum.ToString(),
                             ", dimension ", dim, " has ", size.ToString());
    }
    return sizes;
  }
  const Dim& piece = sizes[0];
  if (piece == size) return Dims{piece};
  if (size.IsStatic() && piece.IsStatic()) {
    if (piece.value() == 0) {
      return InvalidArgument("pieces of size 0 never fill dimension ", dim, ", which has ",
                             size.ToString());
    }
    // An empty dimension is one empty piece.
    Dims pieces;
    for (int64_t at = 0; at < size.value(); at += piece.value()) {
      pieces.push_back(std::min(piece.value(), size.value() - at));
    }
    if (pieces.empty()) pieces.push_back(0);
    return pieces;
  }
  for (int64_t n = 2; n <= kMaxSymbolicPieces; ++n) {
    if (piece * Dim(n) == size) return Dims(n, piece);
  }
  return InvalidArgument("how many pieces of ", piece.ToString(), " fill dimension ", dim,
                         ", which has ", size.ToString(), ", is not known: list their sizes");
}

absl::StatusOr<DiagonalBounds> ResolveDiagonal(const Attributes& attributes, const Shape& x) {
  DiagonalBounds bounds;
  const int64_t offset = attributes.Get<int64_t>("offset");
  OTIUM_ASSIGN_OR_RETURN(bounds.dim1, NormalizeDim(attributes.Get<int64_t>("dim1"), x.rank()));
  OTIUM_ASSIGN_OR_RETURN(bounds.dim2, NormalizeDim(attributes.Get<int64_t>("dim2"), x.rank()));
  if (bounds.dim1 == bounds.dim2) {
    return InvalidArgument("dim1 and dim2 are the same dimension ", bounds.dim1);
  }
  bounds.row = std::max<int64_t>(-offset, 0);
  bounds.column = std::max<int64_t>(offset, 0);
  bounds.length = SmallerDim(x[bounds.dim1] - bounds.row, x[bounds.dim2] - bounds.column);
  if (bounds.length.IsStatic() && bounds.length.value() <= 0) {
    bounds.length = 0;
    bounds.row = bounds.column = 0;
  }
  return bounds;
}

// Full column rank and orthonormal columns of a rectangle do not survive;
// NormalizeStructure restores them for squares.
Structure TransposedStructure(const Structure& s) {
  return {s.upper, s.lower, s.flags & ~uint32_t{kFullColumnRank | kOrthonormalColumns}};
}

Structure ExchangedStructure(const Structure& s) {
  return {kFullBand, kFullBand,
          s.flags & (kNonsingular | kFullColumnRank | kOrthonormalColumns | kOrthogonal | kZero |
                     kPermutation)};
}

}  // namespace otium

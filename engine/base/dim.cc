// SPDX-License-Identifier: Apache-2.0
#include "engine/base/dim.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace otium {
namespace {

int64_t Saturate(__int128 v) {
  if (v > kDimLimit) return kDimLimit;
  if (v < -kDimLimit) return -kDimLimit;
  return static_cast<int64_t>(v);
}
bool IsSaturated(int64_t v) { return v >= kDimLimit || v <= -kDimLimit; }
// What was too large stays too large: its true value is not known any more.
int64_t SaturatingAdd(int64_t a, int64_t b) {
  if (IsSaturated(a) || IsSaturated(b)) return kDimLimit;
  return Saturate(static_cast<__int128>(a) + b);
}
int64_t SaturatingMul(int64_t a, int64_t b) {
  if (IsSaturated(a) || IsSaturated(b)) return kDimLimit;
  return Saturate(static_cast<__int128>(a) * b);
}

int64_t FloorDivInt(int64_t a, int64_t b) {
  if (IsSaturated(a) || IsSaturated(b)) return kDimLimit;
  const int64_t q = a / b;
  return q - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

enum class AtomKind : uint8_t { kName, kFloorDiv, kMin, kMax };

}  // namespace

// A name, or an opaque function of two sizes. Ordered and compared by text.
struct DimAtom : RefCounted<DimAtom> {
  AtomKind kind = AtomKind::kName;
  Dim a, b;
  std::string text;
};
using Atom = IntrusivePtr<const DimAtom>;

namespace {

// coefficient * product of atoms; no atoms: the constant.
struct Term {
  int64_t coefficient = 0;
  std::vector<Atom> atoms;

  std::string Key() const {
    std::string key;
    for (const Atom& atom : atoms) absl::StrAppend(&key, key.empty() ? "" : "*", atom->text);
    return key;
  }
  bool IsAtom(AtomKind kind) const { return atoms.size() == 1 && atoms[0]->kind == kind; }
};

}  // namespace

// A sum of at least one term with atoms; terms ordered by key, the constant last.
struct DimSum : SymbolicDim {
  std::vector<Term> terms;

  static const std::vector<Term>& Of(const IntrusivePtr<const SymbolicDim>& symbolic) {
    return static_cast<const DimSum*>(symbolic.get())->terms;
  }

  static std::vector<Term> TermsOf(const Dim& d) {
    if (!d.IsStatic()) return Of(d.symbolic_);
    if (d.value_ == 0) return {};
    return {Term{d.value_, {}}};
  }

  // Collects like terms and chooses the integer form when nothing else is left.
  static Dim FromTerms(std::vector<Term> terms) {
    std::vector<std::pair<std::string, Term>> keyed;
    keyed.reserve(terms.size());
    for (Term& t : terms) {
      std::sort(t.atoms.begin(), t.atoms.end(),
                [](const Atom& x, const Atom& y) { return x->text < y->text; });
      std::string key = t.Key();
      keyed.emplace_back(std::move(key), std::move(t));
    }
    std::stable_sort(keyed.begin(), keyed.end(), [](const auto& x, const auto& y) {
      if (x.first.empty() != y.first.empty()) return y.first.empty();
      return x.first < y.first;
    });
    auto sum = MakeIntrusive<DimSum>();
    for (size_t i = 0; i < keyed.size();) {
      int64_t coefficient = 0;
      size_t j = i;
      for (; j < keyed.size() && keyed[j].first == keyed[i].first; ++j) {
        coefficient = SaturatingAdd(coefficient, keyed[j].second.coefficient);
      }
      if (IsSaturated(coefficient)) return Dim(kDimLimit);
      if (coefficient != 0) {
        sum->terms.push_back(Term{coefficient, std::move(keyed[i].second.atoms)});
        absl::string_view key = keyed[i].first;
        // As a summand a quotient needs no parentheses, but -(a // b) is not -a // b.
        const bool quotient = sum->terms.back().IsAtom(AtomKind::kFloorDiv);
        if (quotient && (coefficient == 1 || (coefficient == -1 && !sum->text.empty()))) {
          key = key.substr(1, key.size() - 2);
        }
        AppendTerm(key, coefficient, &sum->text);
      }
      i = j;
    }
    if (sum->text.size() > kMaxDimText) return Dim(kDimLimit);
    if (sum->terms.empty()) return Dim(0);
    if (sum->terms.size() == 1 && sum->terms[0].atoms.empty()) {
      return Dim(sum->terms[0].coefficient);
    }
    return Dim(IntrusivePtr<const SymbolicDim>(std::move(sum)));
  }

  static Dim FromAtom(AtomKind kind, const Dim& a, const Dim& b, std::string text) {
    auto atom = MakeIntrusive<DimAtom>();
    atom->kind = kind;
    atom->a = a;
    atom->b = b;
    atom->text = std::move(text);
    return FromTerms({Term{1, {Atom(std::move(atom))}}});
  }

  // "(a // b)", with parentheses around a sum, and a divisor that is not one word.
  static std::string QuotientText(const Dim& a, const Dim& b) {
    const bool sum = !a.IsStatic() && Of(a.symbolic_).size() > 1;
    const bool word = b.IsStatic()
                          ? b.value_ > 0
                          : Of(b.symbolic_).size() == 1 && Of(b.symbolic_)[0].coefficient == 1 &&
                                Of(b.symbolic_)[0].atoms.size() == 1 &&
                                !Of(b.symbolic_)[0].IsAtom(AtomKind::kFloorDiv);
    const auto enclosed = [](const Dim& d, bool enclose) {
      return enclose ? absl::StrCat("(", d.ToString(), ")") : d.ToString();
    };
    return absl::StrCat("(", enclosed(a, sum), " // ", enclosed(b, !word), ")");
  }

  static void AppendTerm(absl::string_view key, int64_t coefficient, std::string* text) {
    const bool negative = coefficient < 0;
    const uint64_t magnitude =
        negative ? 0 - static_cast<uint64_t>(coefficient) : static_cast<uint64_t>(coefficient);
    absl::StrAppend(text, text->empty() ? (negative ? "-" : "") : (negative ? " - " : " + "));
    if (key.empty()) {
      absl::StrAppend(text, magnitude);
    } else if (magnitude == 1) {
      absl::StrAppend(text, key);
    } else {
      absl::StrAppend(text, magnitude, "*", key);
    }
  }
};

void SymbolicDim::Destroy(const SymbolicDim* dim) { delete static_cast<const DimSum*>(dim); }

Dim Dim::Symbol(absl::string_view name) {
  return DimSum::FromAtom(AtomKind::kName, 0, 0, std::string(name));
}

absl::string_view Dim::symbol() const {
  if (IsStatic()) return {};
  const auto& terms = DimSum::Of(symbolic_);
  if (terms.size() != 1 || terms[0].coefficient != 1 || terms[0].atoms.size() != 1) return {};
  const DimAtom& atom = *terms[0].atoms[0];
  return atom.kind == AtomKind::kName ? absl::string_view(atom.text) : absl::string_view();
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.IsStatic() && b.IsStatic()) return Dim(SaturatingAdd(a.value_, b.value_));
  std::vector<Term> terms = DimSum::TermsOf(a);
  for (Term& t : DimSum::TermsOf(b)) terms.push_back(std::move(t));
  return DimSum::FromTerms(std::move(terms));
}

Dim operator-(const Dim& a, const Dim& b) { return a + Dim(-1) * b; }

Dim operator*(const Dim& a, const Dim& b) {
  if (a.IsStatic() && b.IsStatic()) return Dim(SaturatingMul(a.value_, b.value_));
  const std::vector<Term> a_terms = DimSum::TermsOf(a), b_terms = DimSum::TermsOf(b);
  // Like terms may yet cancel, but hardly so many.
  if (a_terms.size() * b_terms.size() > kMaxDimText) return Dim(kDimLimit);
  std::vector<Term> terms;
  for (const Term& x : a_terms) {
    for (const Term& y : b_terms) {
      Term t{SaturatingMul(x.coefficient, y.coefficient), x.atoms};
      t.atoms.insert(t.atoms.end(), y.atoms.begin(), y.atoms.end());
      terms.push_back(std::move(t));
    }
  }
  return DimSum::FromTerms(std::move(terms));
}

Dim Dim::FloorDiv(const Dim& a, const Dim& b) {
  const auto saturated = [](const Dim& d) { return d.IsStatic() && IsSaturated(d.value_); };
  if (b.Is(0) || saturated(a) || saturated(b)) return Dim(kDimLimit);
  if (b.Is(1)) return a;
  if (a.IsStatic() && b.IsStatic()) return Dim(FloorDivInt(a.value_, b.value_));
  if (a == b) return Dim(1);
  if (a.Is(0)) return Dim(0);
  // (b * q + r) // b is q + r // b.
  if (b.IsStatic()) {
    std::vector<Term> quotient, rest;
    for (const Term& t : DimSum::TermsOf(a)) {
      const bool divides = t.coefficient % b.value_ == 0;
      (divides ? quotient : rest).push_back(t);
      if (divides) quotient.back().coefficient /= b.value_;
    }
    if (!quotient.empty()) {
      return DimSum::FromTerms(std::move(quotient)) +
             FloorDiv(DimSum::FromTerms(std::move(rest)), b);
    }
  }
  return DimSum::FromAtom(AtomKind::kFloorDiv, a, b, DimSum::QuotientText(a, b));
}

Dim Dim::Min(const Dim& a, const Dim& b) {
  if (a.IsStatic() && b.IsStatic()) return Dim(std::min(a.value_, b.value_));
  if (a == b) return a;
  std::string x = a.ToString(), y = b.ToString();
  if (y < x) return Min(b, a);
  return DimSum::FromAtom(AtomKind::kMin, a, b, absl::StrCat("min(", x, ", ", y, ")"));
}

Dim Dim::Max(const Dim& a, const Dim& b) {
  if (a.IsStatic() && b.IsStatic()) return Dim(std::max(a.value_, b.value_));
  if (a == b) return a;
  std::string x = a.ToString(), y = b.ToString();
  if (y < x) return Max(b, a);
  return DimSum::FromAtom(AtomKind::kMax, a, b, absl::StrCat("max(", x, ", ", y, ")"));
}

bool operator==(const Dim& a, const Dim& b) {
  if (a.IsStatic() || b.IsStatic()) return a.IsStatic() && b.IsStatic() && a.value_ == b.value_;
  return a.symbolic_ == b.symbolic_ || a.symbolic_->text == b.symbolic_->text;
}

Dim Dim::Substitute(absl::FunctionRef<std::optional<Dim>(absl::string_view)> replace) const {
  if (IsStatic()) return *this;
  Dim sum = 0;
  for (const Term& t : DimSum::Of(symbolic_)) {
    Dim product = t.coefficient;
    for (const Atom& atom : t.atoms) {
      Dim factor;
      switch (atom->kind) {
        case AtomKind::kName: {
          const std::optional<Dim> value = replace(atom->text);
          factor = value.has_value() ? *value : Symbol(atom->text);
          break;
        }
        case AtomKind::kFloorDiv:
          factor = FloorDiv(atom->a.Substitute(replace), atom->b.Substitute(replace));
          break;
        case AtomKind::kMin:
          factor = Min(atom->a.Substitute(replace), atom->b.Substitute(replace));
          break;
        case AtomKind::kMax:
          factor = Max(atom->a.Substitute(replace), atom->b.Substitute(replace));
          break;
      }
      product = product * factor;
    }
    sum = sum + product;
  }
  return sum;
}

Dim Dim::Bind(const SizeBindings& sizes) const {
  return Substitute([&](absl::string_view name) -> std::optional<Dim> {
    const std::optional<int64_t> value = sizes.Find(name);
    if (!value.has_value()) return std::nullopt;
    return Dim(*value);
  });
}

std::optional<std::pair<std::string, int64_t>> Dim::Solve(int64_t value) const {
  if (IsStatic()) return std::nullopt;
  const Term* unknown = nullptr;
  int64_t constant = 0;
  for (const Term& t : DimSum::Of(symbolic_)) {
    if (t.atoms.empty()) {
      constant = t.coefficient;
    } else if (unknown != nullptr || t.atoms.size() != 1 || t.atoms[0]->kind != AtomKind::kName) {
      return std::nullopt;
    } else {
      unknown = &t;
    }
  }
  const int64_t rest = SaturatingAdd(value, -constant);
  if (unknown == nullptr || IsSaturated(rest) || rest % unknown->coefficient != 0) {
    return std::nullopt;
  }
  const int64_t solution = rest / unknown->coefficient;
  if (solution < 0) return std::nullopt;
  return std::make_pair(unknown->atoms[0]->text, solution);
}

void Dim::CollectSymbols(std::vector<std::string>* names) const {
  if (IsStatic()) return;
  for (const Term& t : DimSum::Of(symbolic_)) {
    for (const Atom& atom : t.atoms) {
      if (atom->kind != AtomKind::kName) {
        atom->a.CollectSymbols(names);
        atom->b.CollectSymbols(names);
      } else if (std::find(names->begin(), names->end(), atom->text) == names->end()) {
        names->push_back(atom->text);
      }
    }
  }
}

std::string Dim::ToString() const { return IsStatic() ? absl::StrCat(value_) : symbolic_->text; }

void Dim::HashInto(Hasher& hasher) const {
  if (IsStatic()) {
    hasher.Add(static_cast<uint64_t>(value_));
  } else {
    hasher.Add(absl::string_view(symbolic_->text));
  }
}

std::optional<int64_t> SizeBindings::Find(absl::string_view name) const {
  auto it = std::lower_bound(sizes_.begin(), sizes_.end(), name,
                             [](const auto& s, absl::string_view n) { return s.first < n; });
  if (it == sizes_.end() || it->first != name) return std::nullopt;
  return it->second;
}

void SizeBindings::Set(absl::string_view name, int64_t value) {
  auto it = std::lower_bound(sizes_.begin(), sizes_.end(), name,
                             [](const auto& s, absl::string_view n) { return s.first < n; });
  if (it != sizes_.end() && it->first == name) {
    it->second = value;
  } else {
    sizes_.insert(it, {std::string(name), value});
  }
}

}  // namespace otium

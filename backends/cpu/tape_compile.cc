// SPDX-License-Identifier: Apache-2.0
//
// Loop programs to tapes: which pass computes what, pairs of instructions. Where
// values are while a tape runs is TapeMemory's.

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/cpu/tape.h"
#include "backends/cpu/tape_memory.h"
#include "backends/region/emit.h"

namespace otium::cpu {
namespace {

using region::Instruction;
using region::InstructionKind;
using region::Level;
using region::LoopProgram;
using region::ReduceOp;
using region::ScalarOp;

bool IsArg(ReduceOp op) { return op == ReduceOp::kArgMax || op == ReduceOp::kArgMin; }

// Rough nanoseconds an element.
double StepWeight(const Instruction& i) {
  double weight = 0.1 * static_cast<double>(ItemSize(i.dtype)) / 4;
  switch (i.op) {
    case ScalarOp::exp:
    case ScalarOp::expm1:
    case ScalarOp::log:
    case ScalarOp::log1p:
    case ScalarOp::sin:
    case ScalarOp::cos:
    case ScalarOp::tan:
    case ScalarOp::tanh:
    case ScalarOp::erf:
    case ScalarOp::erfc:
    case ScalarOp::floor_divide:
    case ScalarOp::remainder:
    case ScalarOp::fmod:
    case ScalarOp::atan2:
    case ScalarOp::pow: weight *= IsComplex(i.dtype) ? 100 : 10; break;
    case ScalarOp::div:
    case ScalarOp::sqrt:
    case ScalarOp::reciprocal: weight *= IsComplex(i.dtype) ? 20 : 4; break;
    default: break;
  }
  return weight;
}

class Compiler {
 public:
  explicit Compiler(LoopProgram program) : t_(std::make_shared<Tape>()), memory_(t_.get()) {
    t_->program = std::move(program);
  }

  absl::StatusOr<std::shared_ptr<const Tape>> Run() {
    ChooseMode();
    const size_t n = p().code.size();
    slot_.assign(n, kNoSlot);
    element_slot_.assign(n, kNoSlot);
    CountUses();
    Uniforms();
    RowLoads();
    if (t_->mode == TapeMode::kLong) ChooseCaches();
    const int passes = t_->mode == TapeMode::kPacked ? 1 : p().num_stages;
    t_->passes.resize(passes);
    if (t_->mode == TapeMode::kPacked) {
      PackedPass();
    } else {
      for (int s = 0; s <= p().num_stages; ++s) {
        RowSteps(s, s < passes ? &t_->passes[s].row_steps : &t_->last_row_steps);
        if (s < passes) OnePass(s, &t_->passes[s]);
      }
    }
    RowStores();
    if (missing_ != nullptr) {
      const bool reduces = missing_->kind == InstructionKind::kReduce;
      return absl::InvalidArgumentError(absl::StrCat(
          "no loop for ",
          reduces ? region::ReduceOpName(missing_->reduce) : region::ScalarOpName(missing_->op),
          " that gives ", DTypeName(missing_->dtype)));
    }
    memory_.Place(item_);
    return std::shared_ptr<const Tape>(t_);
  }

 private:
  const LoopProgram& p() const { return t_->program; }
  const Instruction& code(size_t v) const { return p().code[v]; }
  bool IsElementMap(size_t v) const {
    return code(v).level == Level::kElement && code(v).kind == InstructionKind::kMap;
  }

  void ChooseMode() {
    t_->kept = p().KeptSize();
    t_->reduced = p().ReducedSize();
    int64_t item = 1;
    for (const Instruction& i : p().code) {
      item = std::max(item, ItemSize(i.dtype));
      t_->weight += i.level == Level::kElement ? StepWeight(i) : 0;
    }
    t_->weight += 0.1 * static_cast<double>(p().inputs.size() + p().results.size()) - 1;
    item_ = item;
    if (!p().has_reduction) {
      t_->mode = TapeMode::kPointwise;  // The tile waits for the number of registers.
    } else if (!p().ByRows()) {
      t_->mode = TapeMode::kColumns;
      for (int d = p().reduced_end; d < p().rank(); ++d) t_->inner *= p().sizes[d];
      if (t_->inner <= kBlock / 2) {
        t_->panel = std::max<int64_t>(t_->inner, 1);
        t_->rows_a_step = std::clamp<int64_t>(t_->reduced, 1, kBlock / t_->panel);
        t_->tile = t_->panel * t_->rows_a_step;
      } else {
        t_->panel = std::min(t_->inner, RoundUp(kPanelBytes / item, kBlock));
        t_->tile = kBlock;
      }
    } else if (t_->reduced <= kPackedRow) {
      t_->mode = TapeMode::kPacked;
      const int64_t n = std::max<int64_t>(t_->reduced, 1);
      t_->tile = std::clamp<int64_t>(t_->kept, 1, kBlock / n) * n;
    } else {
      t_->mode = TapeMode::kLong;
      t_->tile = kBlock;
    }
  }

  void CountUses() {
    uses_.assign(p().code.size(), 0);
    for (const Instruction& i : p().code) {
      for (uint16_t v : i.operands) ++uses_[v];
    }
    for (const region::LoopResult& r : p().results) uses_[r.value] += 2;
  }

  MapFn LoopOf(const Instruction& i) {
    const DType operand = code(i.operands[i.operands.size() - 1]).dtype;
    const MapFn map = i.op == ScalarOp::cast ? FindCast(operand, i.dtype) : FindMap(i.op, operand);
    if (map == nullptr) missing_ = &i;
    return map;
  }

  // ---- values of a whole launch

  void Uniforms() {
    std::vector<std::pair<Slot, const Instruction*>> constants;
    for (size_t v = 0; v < p().code.size(); ++v) {
      const Instruction& i = code(v);
      if (i.level != Level::kUniform) continue;
      if (i.kind == InstructionKind::kConstant) {
        slot_[v] =
            memory_.NewSlot({.area = SlotStart::kConstants,
                             .repeated = true,
                             .offset = static_cast<int64_t>(constants.size()) * kSplatBytes});
        constants.emplace_back(slot_[v], &i);
        continue;
      }
      slot_[v] = memory_.NewUniform();
      if (i.kind == InstructionKind::kLoad) {
        t_->uniform_loads.push_back(AddLoad(v, slot_[v], /*convert=*/&t_->uniform_steps));
      } else {
        t_->uniform_steps.push_back(MapStep(v, TapeStep::kRow));
      }
    }
    t_->constant_bytes.resize((constants.size() + 1) * kSplatBytes);
    const auto address = reinterpret_cast<uintptr_t>(t_->constant_bytes.data());
    char* base = t_->constant_bytes.data() + (RoundUp(static_cast<int64_t>(address), kSplatBytes) -
                                              static_cast<int64_t>(address));
    t_->constants = base;
    for (size_t c = 0; c < constants.size(); ++c) {
      WriteConstant(*constants[c].second, base + c * kSplatBytes);
    }
  }

  static void WriteConstant(const Instruction& i, char* out) {
    DispatchDType(i.dtype, [&]<class Tag>(Tag) {
      using T = typename Tag::type;
      T value{};
      if constexpr (std::is_same_v<T, bool>) value = i.integer != 0;
      else if constexpr (std::is_integral_v<T>) value = static_cast<T>(i.integer);
      else if constexpr (std::is_floating_point_v<T>) value = static_cast<T>(i.constant.real());
      else if constexpr (sizeof(T) > 2) value = T(i.constant);
      for (int64_t b = 0; b < kSplatBytes; b += sizeof(T)) std::memcpy(out + b, &value, sizeof(T));
    });
  }

  // The index of the load of value `v` into `slot`. What memory holds in f16 or
  // bf16 goes through a slot of its own and a step of `convert`.
  uint16_t AddLoad(size_t v, Slot slot, std::vector<TapeStep>* convert) {
    const Instruction& i = code(v);
    const DType memory = p().inputs[i.input].dtype;
    Slot raw = slot;
    if (memory != i.dtype) {
      switch (i.level) {
        case Level::kUniform: raw = memory_.NewUniform(); break;
        case Level::kRow: raw = memory_.NewRowSlot(ItemSize(memory)); break;
        case Level::kElement: raw = memory_.NewBuffer(); break;
      }
      TapeStep step;
      step.kind = i.level == Level::kElement ? TapeStep::kElement : TapeStep::kRow;
      step.map = FindCast(memory, i.dtype);
      step.item = static_cast<uint8_t>(ItemSize(i.dtype));
      step.in[0] = raw;
      step.out = slot;
      convert->push_back(step);
    }
    t_->loads.push_back({i.input, i.level, memory, raw, 0, i.map});
    return static_cast<uint16_t>(t_->loads.size() - 1);
  }

  TapeStep MapStep(size_t v, TapeStep::Kind kind) {
    const Instruction& i = code(v);
    TapeStep step;
    step.kind = kind;
    step.map = LoopOf(i);
    step.item = static_cast<uint8_t>(ItemSize(i.dtype));
    step.out = slot_[v];
    for (size_t k = 0; k < i.operands.size(); ++k) step.in[k] = slot_[i.operands[k]];
    return step;
  }

  // ---- row values

  void RowLoads() {
    for (size_t v = 0; v < p().code.size(); ++v) {
      const Instruction& i = code(v);
      if (i.level != Level::kRow) continue;
      slot_[v] = memory_.NewRowSlot(ItemSize(i.dtype));
      if (i.kind == InstructionKind::kLoad) {
        t_->row_loads.push_back(AddLoad(v, slot_[v], &first_row_steps_));
      }
    }
  }

  void RowSteps(int stage, std::vector<TapeStep>* steps) {
    if (stage == 0) steps->insert(steps->end(), first_row_steps_.begin(), first_row_steps_.end());
    for (size_t v = 0; v < p().code.size(); ++v) {
      const Instruction& i = code(v);
      if (i.level != Level::kRow || i.stage != stage || i.kind != InstructionKind::kMap) continue;
      steps->push_back(MapStep(v, TapeStep::kRow));
    }
  }

  void RowStores() {
    auto* steps = t_->mode == TapeMode::kPacked ? &t_->passes[0].steps : &t_->last_row_steps;
    for (size_t r = 0; r < p().results.size(); ++r) {
      const region::LoopResult& result = p().results[r];
      if (code(result.value).level == Level::kElement) continue;
      Slot slot = slot_[result.value];
      if (result.dtype != code(result.value).dtype) {
        TapeStep step;
        step.kind = TapeStep::kRow;
        step.map = FindCast(code(result.value).dtype, result.dtype);
        step.item = static_cast<uint8_t>(ItemSize(result.dtype));
        step.in[0] = slot;
        step.out = slot = memory_.NewRowSlot(ItemSize(result.dtype));
        steps->push_back(step);
      }
      t_->stores.push_back(
          {static_cast<uint16_t>(r), Level::kRow, result.dtype, slot, 0, false, result.map});
      t_->row_stores.push_back(static_cast<uint16_t>(t_->stores.size() - 1));
    }
  }

  uint16_t AddReduce(size_t v) {
    const Instruction& i = code(v);
    TapeReduce r{.op = i.reduce, .dtype = code(i.operands[0]).dtype};
    r.in = slot_[i.operands[0]];
    r.out = slot_[v];
    r.is_arg = IsArg(i.reduce);
    r.rows = FindRowReduce(r.op, r.dtype);
    r.long_row = FindBlockReduce(r.op, r.dtype);
    if (r.op == region::ReduceOp::kSum) r.column_sum = FindColumnSum(r.dtype);
    r.combine = FindMap(CombineOp(r.op, r.dtype), r.dtype);
    if (r.is_arg) {
      r.arg_rows = FindRowArgReduce(r.op, r.dtype);
      r.update = FindArgUpdate(r.op, r.dtype);
      r.merge = FindArgMerge(r.op, r.dtype);
    }
    if ((r.is_arg ? r.arg_rows == nullptr : r.rows == nullptr) || r.combine == nullptr) {
      missing_ = &i;
    }
    t_->reduces.push_back(r);
    return static_cast<uint16_t>(t_->reduces.size() - 1);
  }

  // ---- passes over elements

  // kLong: element maps that a later pass needs are kept if rows are short enough.
  void ChooseCaches() {
    if (t_->reduced > kCachedRow) return;
    cached_.assign(p().code.size(), false);
    for (size_t v = 0; v < p().code.size(); ++v) {
      const Instruction& i = code(v);
      if (i.level == Level::kElement) {
        const int needed = i.kind == InstructionKind::kReduce ? i.stage - 1 : i.stage;
        for (uint16_t w : i.operands) MaybeCache(w, needed);
      } else if (i.kind == InstructionKind::kReduce) {
        MaybeCache(i.operands[0], i.stage - 1);
      }
    }
    for (const region::LoopResult& r : p().results) MaybeCache(r.value, p().num_stages - 1);
  }
  void MaybeCache(size_t v, int stage) {
    if (!IsElementMap(v) || code(v).stage >= stage || cached_[v]) return;
    cached_[v] = true;
    const int64_t item = ItemSize(code(v).dtype);
    const int64_t offset = memory_.Reserve(t_->reduced * item);
    slot_[v] = memory_.NewSlot({.offset = offset});
    t_->caches.push_back({slot_[v], offset, item});
  }
  bool Cached(size_t v) const { return !cached_.empty() && cached_[v]; }

  // What pass `stage` computes and reads, in order.
  std::vector<bool> Needed(int stage) const {
    std::vector<bool> needed(p().code.size(), false);
    auto want = [&](size_t v) { needed[v] = code(v).level == Level::kElement; };
    for (size_t v = p().code.size(); v-- > 0;) {
      if (code(v).kind == InstructionKind::kReduce && code(v).stage == stage + 1) {
        want(code(v).operands[0]);
      }
      // Kept values are computed in their own stage, whoever needs them.
      if (Cached(v) && code(v).stage == stage) needed[v] = true;
    }
    if (stage == p().num_stages - 1) {
      for (const region::LoopResult& r : p().results) want(r.value);
    }
    for (size_t v = p().code.size(); v-- > 0;) {
      if (!needed[v] || (Cached(v) && code(v).stage < stage)) continue;
      for (uint16_t w : code(v).operands) {
        if (code(w).level == Level::kElement) needed[w] = true;
      }
    }
    return needed;
  }

  void OnePass(int stage, TapePass* pass) {
    const std::vector<bool> needed = Needed(stage);
    std::vector<size_t> maps;
    for (size_t v = 0; v < p().code.size(); ++v) {
      if (!needed[v]) continue;
      if (code(v).kind == InstructionKind::kLoad) LoadElement(v, pass);
      else if (!Cached(v) || code(v).stage == stage) maps.push_back(v);
    }
    FindPairs(maps, needed, stage);
    for (size_t v : maps) ElementStep(v, pass);
    for (size_t v = 0; v < p().code.size(); ++v) {
      if (code(v).kind == InstructionKind::kReduce && code(v).stage == stage + 1) {
        pass->reduces.push_back(AddReduce(v));
        memory_.Pin(t_->reduces[pass->reduces.back()].in);
      }
    }
    if (stage == p().num_stages - 1) ElementStores(pass);
    memory_.AssignRegisters(*pass);
    // The next pass computes what it needs anew.
    for (size_t v = 0; v < p().code.size(); ++v) {
      if (code(v).level == Level::kElement && !Cached(v)) slot_[v] = kNoSlot;
    }
  }

  void PackedPass() {
    TapePass* pass = &t_->passes[0];
    std::vector<size_t> maps;
    for (size_t v = 0; v < p().code.size(); ++v) {
      if (code(v).level == Level::kElement && code(v).kind == InstructionKind::kLoad) {
        LoadElement(v, pass);
      }
    }
    std::vector<bool> all(p().code.size(), true);
    for (int s = 0; s <= p().num_stages; ++s) {
      RowSteps(s, &pass->steps);
      maps.clear();
      for (size_t v = 0; v < p().code.size(); ++v) {
        if (IsElementMap(v) && code(v).stage == s) maps.push_back(v);
      }
      FindPairs(maps, all, s);
      for (size_t v : maps) ElementStep(v, pass);
      for (size_t v = 0; v < p().code.size(); ++v) {
        if (code(v).kind != InstructionKind::kReduce || code(v).stage != s + 1) continue;
        TapeStep step;
        step.kind = TapeStep::kReduce;
        step.index = AddReduce(v);
        step.in[0] = slot_[code(v).operands[0]];
        step.out = slot_[v];
        pass->steps.push_back(step);
      }
    }
    ElementStores(pass);
    memory_.AssignRegisters(*pass);
  }

  void LoadElement(size_t v, TapePass* pass) {
    const DType memory = p().inputs[code(v).input].dtype;
    slot_[v] = memory == code(v).dtype ? memory_.NewBuffer() : memory_.NewRegister();
    std::vector<TapeStep> convert;
    pass->loads.push_back(AddLoad(v, slot_[v], &convert));
    pass->steps.insert(pass->steps.end(), convert.begin(), convert.end());
  }

  static bool CanPair(const Instruction& i) {
    return i.kind == InstructionKind::kMap && (i.op == ScalarOp::add || i.op == ScalarOp::sub ||
                                               i.op == ScalarOp::mul || i.op == ScalarOp::div);
  }

  // absorbed_[v]: computed within the pair of its only user, pair_of_[user] == v.
  void FindPairs(const std::vector<size_t>& maps, const std::vector<bool>& needed, int stage) {
    absorbed_.resize(p().code.size(), false);
    pair_of_.resize(p().code.size(), -1);
    for (size_t v : maps) absorbed_[v] = false, pair_of_[v] = -1;
    for (size_t v : maps) {
      const Instruction& i = code(v);
      if (!CanPair(i)) continue;
      for (uint16_t w : i.operands) {
        if (!CanPair(code(w)) || code(w).level != Level::kElement || uses_[w] != 1 || !needed[w]) {
          continue;
        }
        if (Cached(w) || pair_of_[w] >= 0) continue;
        if (t_->mode == TapeMode::kPacked && code(w).stage != stage) continue;
        if (FindPair(code(w).op, i.op, i.operands[1] == w, i.dtype) == nullptr) continue;
        absorbed_[w] = true;
        pair_of_[v] = static_cast<int>(w);
        break;
      }
    }
  }

  Slot ElementOperand(size_t v, TapePass* pass) {
    if (code(v).level != Level::kRow) return slot_[v];
    if (t_->mode == TapeMode::kLong) return slot_[v];
    if (element_slot_[v] != kNoSlot) return element_slot_[v];
    const int64_t item = ItemSize(code(v).dtype);
    if (t_->mode == TapeMode::kColumns) {
      element_slot_[v] = memory_.NewSlot({});
      t_->panel_views.push_back({slot_[v], element_slot_[v], item});
    } else {
      element_slot_[v] = memory_.NewRegister();
      TapeStep step;
      step.kind = TapeStep::kExpand;
      step.item = static_cast<uint8_t>(item);
      step.in[0] = slot_[v];
      step.out = element_slot_[v];
      pass->steps.push_back(step);
    }
    return element_slot_[v];
  }

  void ElementStep(size_t v, TapePass* pass) {
    if (absorbed_[v]) return;
    const Instruction& i = code(v);
    TapeStep step;
    if (pair_of_[v] >= 0) {
      const auto w = static_cast<size_t>(pair_of_[v]);
      const bool swapped = i.operands[0] != w;
      step.map = FindPair(code(w).op, i.op, swapped, i.dtype);
      step.in[0] = ElementOperand(code(w).operands[0], pass);
      step.in[1] = ElementOperand(code(w).operands[1], pass);
      step.in[2] = ElementOperand(i.operands[swapped ? 0 : 1], pass);
    } else {
      step.map = LoopOf(i);
      for (size_t k = 0; k < i.operands.size(); ++k) {
        step.in[k] = ElementOperand(i.operands[k], pass);
      }
    }
    if (!Cached(v)) slot_[v] = memory_.NewRegister();
    step.out = slot_[v];
    pass->steps.push_back(step);
  }

  void ElementStores(TapePass* pass) {
    std::vector<bool> taken(p().code.size(), false);
    for (size_t r = 0; r < p().results.size(); ++r) {
      const region::LoopResult& result = p().results[r];
      const size_t v = result.value;
      if (code(v).level != Level::kElement) continue;
      Slot slot = slot_[v];
      const bool own = IsElementMap(v) && !Cached(v) && !taken[v] && result.dtype == code(v).dtype;
      if (own) {
        taken[v] = true;
      } else {
        TapeStep step;
        step.map = result.dtype == code(v).dtype ? FindMap(ScalarOp::copy, result.dtype)
                                                 : FindCast(code(v).dtype, result.dtype);
        step.in[0] = slot;
        step.out = slot = memory_.NewRegister();
        pass->steps.push_back(step);
      }
      memory_.Pin(slot);
      TapeStore store{
          static_cast<uint16_t>(r), Level::kElement, result.dtype, slot, 0, true, result.map};
      pass->stores.push_back(static_cast<uint16_t>(t_->stores.size()));
      t_->stores.push_back(store);
    }
    // Result 0 may lie where an operand does, which must not be read after it.
    for (uint16_t s : pass->stores) {
      TapeStore& store = t_->stores[s];
      if (store.result == 0) store.direct = !ReadsLoadsAfter(store.slot, *pass);
    }
  }

  bool ReadsLoadsAfter(Slot written, const TapePass& pass) const {
    auto is_load = [&](Slot s) {
      return std::any_of(pass.loads.begin(), pass.loads.end(),
                         [&](uint16_t l) { return t_->loads[l].slot == s; });
    };
    bool after = false;
    for (const TapeStep& step : pass.steps) {
      if (after) {
        for (Slot s : step.in) {
          if (s != kNoSlot && is_load(s)) return true;
        }
      }
      after = after || step.out == written;
    }
    return std::any_of(pass.reduces.begin(), pass.reduces.end(),
                       [&](uint16_t r) { return is_load(t_->reduces[r].in); });
  }

  const std::shared_ptr<Tape> t_;
  TapeMemory memory_;
  int64_t item_ = 1;                // Bytes of the widest value.
  std::vector<Slot> slot_;          // Of each value, as its level has it.
  std::vector<Slot> element_slot_;  // Of row values, as elements see them.
  std::vector<int> uses_;
  std::vector<bool> cached_, absorbed_;
  std::vector<int> pair_of_;
  std::vector<TapeStep> first_row_steps_;
  const Instruction* missing_ = nullptr;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Tape>> CompileTape(LoopProgram program) {
  return Compiler(std::move(program)).Run();
}

}  // namespace otium::cpu

// SPDX-License-Identifier: Apache-2.0
//
// Fused regions: the interpreter of loop programs, after the product when the
// region begins with one.

#include "backends/reference/elements.h"
#include "backends/region/interpret.h"
#include "backends/region/lower.h"
#include "backends/region/product_region.h"
#include "engine/base/tensor.h"
#include "engine/graph/graph.h"

namespace otium::reference {

void Mm(const LaunchArgs& args);
void Addmm(const LaunchArgs& args);
void Bmm(const LaunchArgs& args);
void Baddbmm(const LaunchArgs& args);
void Matmul(const LaunchArgs& args);

namespace {

LaunchFn ProductFn(Op op) {
  switch (op) {
    case Op::mm: return Mm;
    case Op::addmm: return Addmm;
    case Op::bmm: return Bmm;
    case Op::matmul: return Matmul;
    default: return Baddbmm;
  }
}

void RunProductRegion(const LaunchArgs& args, const State& s, const Graph& body,
                      const region::ProductRegion& region) {
  State product{&body.op(region.product), body.attributes(region.product), {}, s.results};
  absl::InlinedVector<View, 5> operands;
  for (int i : region.operands) {
    product.operands.push_back(i < 0 ? PhysicalType{.present = false} : s.operands[i]);
    operands.push_back(i < 0 ? View{} : args.operands[i]);
  }
  Tensor value = Tensor::Copy(args.results[0].data, s.results[0].dtype, s.results[0].sizes);
  const View view{value.mutable_data(), value.sizes().data(), value.strides().data()};
  LaunchArgs launch = args;
  launch.state = &product;
  launch.operands = operands.data();
  launch.results = &view;
  ProductFn(product.op->id)(launch);
  absl::InlinedVector<View, 5> inputs = {view};
  for (int i : region.inputs) inputs.push_back(args.operands[i]);
  region::Interpret(region.rest, inputs, {args.results, 1});
}

}  // namespace

void Fused(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const Graph& body = *s.attributes.Get<GraphPtr>("graph");
  if (const auto program = region::LowerRegion(body); program.ok()) {
    region::Interpret(*program, {args.operands, program->inputs.size()},
                      {args.results, program->results.size()});
  } else if (const auto region = region::FindProductRegion(body)) {
    RunProductRegion(args, s, body, *region);
  } else {
    args.info->code = 1;
  }
}

}  // namespace otium::reference

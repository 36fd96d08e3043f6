// SPDX-License-Identifier: Apache-2.0
//
// The slider through the passes, and the panel of rules: what each did in the stage,
// with its formula, and where it refused.

function setUpStages() {
  byId("stage").addEventListener("input", (event) => setStage(Number(event.target.value)));
  byId("stage-back").addEventListener("click", () => setStage(state.stage - 1));
  byId("stage-on").addEventListener("click", () => setStage(state.stage + 1));
  byId("changes").addEventListener("change", (event) => change({changes: event.target.checked}));
  byId("side").addEventListener("change", (event) => change({side: event.target.checked}));
}

function countsText() {
  const mergers = new Map();
  const gone = seg.nodes.filter((n) => n.last === state.stage - 1);
  for (const n of gone) for (const made of n.became) mergers.set(made, (mergers.get(made) ?? 0) + 1);
  const merged = gone.filter((n) => n.became.some((made) => mergers.get(made) > 1)).length;
  const made = seg.nodes.filter((n) => n.first === state.stage).length;
  if (state.stage === 0) return "as it was written";
  const counts = [["+", made, "made"], ["−", gone.length - merged, "removed"], ["⋈", merged, "merged"]];
  return counts.filter(([, count]) => count).map(([sign, ...text]) => `${sign} ${text.join(" ")}`).join(", ") || "no node changed";
}

const firedIn = (stage) => seg.reasons.filter((r) => r.stage === stage && r.fired);
const rulesIn = (reasons) => [...new Set(reasons.map((r) => r.rule).filter((r) => r >= 0))];
const ruleName = (rule) => doc.rules?.[rule]?.name ?? "planner";

function drawStageBar() {
  const slider = byId("stage"), stage = seg.stages[state.stage];
  slider.max = seg.lastStage;
  slider.value = state.stage;
  slider.disabled = seg.lastStage === 0;
  slider.setAttribute("aria-valuetext", `${stage.name}, ${state.stage + 1} of ${seg.stages.length}`);
  byId("stage-back").disabled = state.stage === 0;
  byId("stage-on").disabled = state.stage === seg.lastStage;
  byId("stage-name").textContent = `${stage.name} (${state.stage + 1} of ${seg.stages.length})`;
  const rules = rulesIn(firedIn(state.stage));
  const formulas = rules.slice(0, 3).map((r) => `${ruleName(r)}: ${doc.rules[r].formula}`);
  if (rules.length > 3) formulas.push(`${rules.length - 3} more rules`);
  byId("stage-text").textContent = [countsText(stage), ...formulas].join("  ·  ");
  byId("stage-text").title = formulas.join("\n");
  byId("changes").checked = state.changes;
  byId("side").checked = state.side;
}

const SHOWN_REASONS = 200;

// A reason as an entry that selects what it is about.
function reasonEntry(reason) {
  const about = reason.nodes.filter((id) => seg.nodes[id]);
  const here = about.find((id) => alive(seg.nodes[id], state.stage)) ?? about[0];
  const text = [h("span", {class: reason.fired ? "fired" : "refused"}, reason.fired ? "✓ fired" : "✗ refused"),
                " ", shown(reason.text, 600), reason.times > 1 ? ` (${reason.times} times)` : ""];
  return h("li", {}, here === undefined ? h("span", {}, ...text)
      : h("button", {class: "entry", click: () => selectNode(here)}, ...text));
}

function ruleHeading(rule) {
  const r = doc.rules?.[rule];
  if (!r) return h("h4", {}, "The planner");
  const error = {exact: "exact", preserves: "preserves the error", grows: "the error grows"}[r.error];
  return h("div", {}, h("h4", {}, shown(r.name)), h("code", {}, shown(r.formula)),
           h("p", {class: "note"}, r.condition ? `when ${shown(r.condition)}; ${error}` : error));
}

function reasonList(reasons) {
  const list = h("ul", {class: "plain"}, ...reasons.slice(0, SHOWN_REASONS).map(reasonEntry));
  if (reasons.length > SHOWN_REASONS) list.append(h("li", {class: "note"}, `and ${reasons.length - SHOWN_REASONS} more`));
  return list;
}

// By rule; what fired in the stage, and what was refused anywhere.
function drawRules() {
  const parts = [h("h3", {}, `Fired in ${seg.stages[state.stage].name}`)];
  const group = (reasons) => {
    for (const rule of rulesIn(reasons)) {
      const own = reasons.filter((r) => r.rule === rule);
      parts.push(ruleHeading(rule), reasonList(own));
    }
    const other = reasons.filter((r) => r.rule < 0);
    if (other.length) parts.push(reasonList(other));
  };
  const fired = firedIn(state.stage);
  if (fired.length) group(fired);
  else parts.push(h("p", {class: "note"}, "No rule fired in this stage."));
  const refused = seg.reasons.filter((r) => !r.fired);
  parts.push(h("h3", {}, `Refused, in all stages (${refused.length})`));
  if (refused.length) group(refused);
  else parts.push(h("p", {class: "note"}, "Nothing was refused."));
  byId("rules").replaceChildren(...parts);
}

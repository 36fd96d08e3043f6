// SPDX-License-Identifier: Apache-2.0
//
// Everything by keyboard; one table makes the handler and the help sheet.

const nextColor = (step) => {
  const at = colorModes.findIndex((m) => m.id === state.color);
  const mode = colorModes[(at + step + colorModes.length) % colorModes.length];
  change({color: mode.id});
  say(`Colour by ${mode.label}`);
};

const KEYS = [
  {keys: ["j"], what: "next stage", run: () => setStage(state.stage + 1)},
  {keys: ["k"], what: "stage before", run: () => setStage(state.stage - 1)},
  {keys: ["ArrowUp"], what: "to what the node reads", run: () => walk("up")},
  {keys: ["ArrowDown"], what: "to what reads the node", run: () => walk("down")},
  {keys: ["ArrowLeft", "ArrowRight"], what: "to the box beside it", run: (key) => walk(key === "ArrowLeft" ? "left" : "right")},
  {keys: ["Enter"], what: "open or close the group; of a node, to its details", run: () => enter()},
  {keys: ["o"], what: "from a node to the group around it; open or close a group", run: () => around()},
  {keys: ["U"], what: "open groups, as many as can be drawn", run: () => openAll()},
  {keys: ["C"], what: "close all groups", run: () => closeAll()},
  {keys: ["/"], what: "search", run: () => byId("search").select()},
  {keys: ["n"], what: "neighbourhood; again: one step more", run: () => showNear(state.node)},
  {keys: ["p"], what: "paths: here, and at the other end (or click with Shift)", run: () => pathFromHere(state.node)},
  {keys: ["x"], what: "show or hide changes", run: () => change({changes: !state.changes})},
  {keys: ["s"], what: "side by side with the source", run: () => change({side: !state.side})},
  {keys: ["r"], what: "rules, or details", run: () => change({tab: state.tab === "rules" ? "details" : "rules"})},
  {keys: ["t"], what: "timeline", run: () => toggleChart("timeline")},
  {keys: ["m"], what: "memory", run: () => toggleChart("memory")},
  {keys: ["c"], what: "next colouring", run: () => nextColor(1)},
  {keys: ["+", "="], what: "zoom in", run: () => camera.zoom(1.25)},
  {keys: ["-"], what: "zoom out", run: () => camera.zoom(0.8)},
  {keys: ["f"], what: "fit into the window", run: () => camera.fit(places)},
  {keys: ["z"], what: "to the selection", run: () => revealSelection()},
  {keys: ["h", "l"], what: "pan left and right", run: (key) => camera.pan(key === "h" ? 80 : -80, 0)},
  {keys: ["PageUp", "PageDown"], what: "pan up and down", run: (key) => camera.pan(0, (key === "PageUp" ? 0.8 : -0.8) * camera.size().height)},
  {keys: ["e"], what: "save the view as SVG", run: () => saveSvg()},
  {keys: ["E"], what: "save the view as PNG", run: () => savePng()},
  {keys: ["d"], what: "light, dark, or as the system is", run: () => nextTheme()},
  {keys: ["Escape"], what: "show all, select nothing", run: () => change(state.reach ? {reach: null, from: -1} : {node: -1, group: -1, from: -1})},
  {keys: ["?"], what: "this sheet", run: () => byId("help-sheet").showModal()},
];

function keyText(key) {
  return {ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", PageUp: "PgUp", PageDown: "PgDn", Escape: "Esc"}[key] ?? key;
}

function setUpKeys() {
  byId("keys").replaceChildren(...KEYS.map(({keys, what}) => h("li", {},
      h("span", {class: "of"}, ...keys.flatMap((key) => [h("kbd", {}, keyText(key)), " "])), h("span", {}, what))));
  byId("help").addEventListener("click", () => byId("help-sheet").showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help-sheet").open) return;
    const inField = event.target.closest?.("input, select, button, textarea, dialog");
    // What a field uses itself.
    const used = inField?.matches("select, [type=range]") ? /^(Arrow|Page|Home|End|Enter|.$)/ : /^(Enter| )$/;
    if (inField && used.test(event.key) && !(inField.type === "range" && /^[a-zA-Z?/+-]$/.test(event.key))) return;
    const inPanel = event.target.closest?.("[role=tabpanel], [role=tab]");
    if (inPanel && /^(Arrow|Page|Enter)/.test(event.key)) return;
    const entry = KEYS.find(({keys}) => keys.includes(event.key));
    if (!entry) return;
    event.preventDefault();
    entry.run(event.key);
  });
}

// ---- walking with the arrows

// Boxes of the last pane that can be selected, with the middle of each.
function boxesShown() {
  const boxes = [], stage = state.stage;
  for (const [id, at] of places.nodeAt) {
    if (alive(seg.nodes[id], stage)) boxes.push({node: id, at});
  }
  for (const [id, at] of places.groupAt) {
    if (!isOpen(id) && alive(seg.groups[id], stage)) boxes.push({group: id, at});
  }
  return boxes;
}
const middleOf = (at) => [at.x + at.width / 2, at.y + at.height / 2];

function walk(direction) {
  const boxes = boxesShown();
  if (!boxes.length) return;
  const here = state.node >= 0 ? counterparts(state.node, state.stage)[0] : -1;
  const current = here >= 0 ? places.nodeAt.get(here) : places.groupAt.get(state.group);
  if (!current) return choose(boxes.reduce((a, b) => (b.at.y < a.at.y || (b.at.y === a.at.y && b.at.x < a.at.x) ? b : a)));
  const [x, y] = middleOf(current), vertical = direction === "up" || direction === "down";
  // Along the data first, whose next node is the one most nearly above or below.
  if (vertical && here >= 0) {
    const next = (direction === "up" ? operandsOf : readersOf)(here, state.stage)
        .filter((id) => places.nodeAt.has(id));
    if (next.length) {
      return choose(next.map((id) => ({node: id, at: places.nodeAt.get(id)}))
          .sort((a, b) => Math.abs(middleOf(a.at)[0] - x) - Math.abs(middleOf(b.at)[0] - x))[0]);
    }
  }
  const sign = direction === "up" || direction === "left" ? -1 : 1;
  let best = null, least = Infinity;
  for (const box of boxes) {
    const [bx, by] = middleOf(box.at);
    const along = sign * (vertical ? by - y : bx - x), across = Math.abs(vertical ? bx - x : by - y);
    if (along < 1) continue;
    const cost = along + across * (vertical ? 1.5 : 4);
    if (cost < least) [best, least] = [box, cost];
  }
  if (best) choose(best); else say("Nothing that way");
}

function choose(box) {
  if (box.node !== undefined) {
    selectNode(box.node);
    say(describe(seg.nodes[box.node], ""));
  } else {
    selectGroup(box.group);
    say(`${groupTitle(seg.groups[box.group])}, closed group; Enter opens it`);
  }
  revealSelection();
}

function enter() {
  if (state.group >= 0) toggleGroup(state.group);
  else if (state.node >= 0) change({tab: "details"}), byId("details").focus();
}

function around() {
  if (state.group >= 0) return toggleGroup(state.group);
  const g = state.node >= 0 ? seg.groupOf[state.node] : -1;
  if (g > 0) selectGroup(g); else say("It is in no group");
}

// SPDX-License-Identifier: Apache-2.0
//
// Search by name, op, shape and device: all words must occur. Nodes of the stage come
// first, then those of other stages.

const MAX_FOUND = 60;

function textOfNode(n) {
  n.searched ??= [n.op, n.name, n.type, n.device, n.kind, ...n.outputs,
                  ...stepsOf(n).map((s) => s.kernel)].join(" ").toLowerCase();
  return n.searched;
}

function findNodes(query) {
  const words = query.toLowerCase().split(/\s+/).filter((w) => w);
  if (!words.length) return {here: [], elsewhere: []};
  const here = [], elsewhere = [];
  // A shape is written "[3, 4]" and may be asked for as "[3,4]".
  const packed = (text) => text.replace(/,\s+/g, ",");
  const wanted = packed(query.toLowerCase().trim());
  for (const n of seg.nodes) {
    const text = textOfNode(n);
    if (!words.every((w) => text.includes(w)) && !packed(text).includes(wanted)) continue;
    (alive(n, state.stage) ? here : elsewhere).push(n);
  }
  const exact = (n) => (n.name).toLowerCase() === wanted || n.op === wanted ? 0 : 1;
  here.sort((a, b) => exact(a) - exact(b) || a.id - b.id);
  return {here, elsewhere};
}

const search = {
  found: [],
  at: -1,

  setUp() {
    const input = byId("search"), list = byId("found");
    input.addEventListener("input", () => this.show());
    input.addEventListener("focus", () => input.value && this.show());
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "ArrowDown") this.move(1);
      else if (event.key === "ArrowUp") this.move(-1);
      else if (event.key === "Enter") this.choose(Math.max(0, this.at));
      else if (event.key === "Escape") {
        input.value = "";
        this.close();
        camera.scenes[camera.scenes.length - 1].svg.focus();
      } else return;
      event.preventDefault();
    });
    list.addEventListener("mousedown", (event) => {
      const index = event.target.closest("li")?.dataset.index;
      if (index !== undefined) this.choose(Number(index));
    });
  },

  show() {
    const {here, elsewhere} = findNodes(byId("search").value), list = byId("found");
    this.found = [...here, ...elsewhere].slice(0, MAX_FOUND);
    this.at = -1;
    const entries = this.found.map((n, i) => h("li", {role: "option", id: `found-${i}`, "data-index": i},
        h("strong", {}, nodeName(n)), " ", shown(n.type, 40),
        h("span", {class: "note"}, ` ${shown(n.device, 16)}`,
          alive(n, state.stage) ? "" : ` ${lifeText(n)}`)));
    const total = here.length + elsewhere.length;
    if (total > this.found.length) entries.push(h("li", {class: "note", "aria-disabled": true, role: "option"}, `and ${total - this.found.length} more`));
    if (!total && byId("search").value) entries.push(h("li", {class: "note", "aria-disabled": true, role: "option"}, "nothing found"));
    list.replaceChildren(...entries);
    list.hidden = !entries.length;
    byId("search").setAttribute("aria-expanded", !list.hidden);
    if (byId("search").value) say(`${plural(total, "node")} found`);
  },

  move(step) {
    if (!this.found.length) return;
    this.at = (this.at + step + this.found.length) % this.found.length;
    [...byId("found").children].forEach((li, i) => li.setAttribute("aria-selected", i === this.at));
    byId("search").setAttribute("aria-activedescendant", `found-${this.at}`);
    byId(`found-${this.at}`).scrollIntoView({block: "nearest"});
  },

  choose(index) {
    const n = this.found[index];
    if (!n) return;
    this.close();
    if (!alive(n, state.stage)) change({stage: n.first});
    selectNode(n.id);
    revealSelection();
    camera.scenes[camera.scenes.length - 1].svg.focus();
  },

  close() {
    byId("found").hidden = true;
    byId("search").setAttribute("aria-expanded", false);
    byId("search").removeAttribute("aria-activedescendant");
  },
};

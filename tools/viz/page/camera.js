// SPDX-License-Identifier: Apache-2.0
//
// Pan, zoom and fit, the same for all panes: by wheel, drag, pinch and keys.

const CAPTION = 44;  // Pixels at the top of a pane, which the picture begins below.

const camera = {
  dragged: false,
  scenes: [],

  size() {
    const box = this.scenes[0].svg.getBoundingClientRect();
    return {width: Math.max(50, box.width), height: Math.max(50, box.height)};
  },

  apply() {
    if (!state.view) return;
    const {x, y, k} = state.view, {width, height} = this.size(), margin = 40;
    for (const scene of this.scenes) {
      const [dx, dy] = this.shiftOf(scene), left = x - dx - margin, top = y - dy - margin;
      scene.look(left, top, left + width / k + 2 * margin, top + height / k + 2 * margin);
      scene.world.setAttribute("transform", `scale(${k}) translate(${dx - x} ${dy - y})`);
      scene.svg.classList.toggle("far", k < 0.3);  // Texts could not be read.
    }
  },

  // Another pane keeps in step: the selection stands where it does in the main one, or,
  // when nothing is selected, the top of the picture.
  shiftOf(scene) {
    const main = this.scenes[this.scenes.length - 1], places = [main, scene].map((s) => s.places);
    if (scene === main) return [0, 0];
    const [to, from] = places.map(({nodeAt, bounds}, i) => {
      const ids = state.node >= 0 ? counterparts(state.node, [main, scene][i].stage) : [];
      return {bounds, selected: nodeAt.get(ids.find((id) => nodeAt.has(id)))};
    });
    const both = to.selected && from.selected ? [to.selected, from.selected] : [to.bounds, from.bounds];
    return [both[0].x + both[0].width / 2 - both[1].x - both[1].width / 2, both[0].y - both[1].y];
  },

  // Everything at once, below the caption, but no larger than life and a half.
  fitted({bounds}) {
    const {width, height} = this.size(), margin = 24, all = this.scenes.map((scene) => scene.places.bounds);
    const k = Math.min((width - 2 * margin) / Math.max(...all.map((b) => b.width)),
                       (height - CAPTION - margin) / Math.max(...all.map((b) => b.height)), 1.6);
    return {x: bounds.x + bounds.width / 2 - width / 2 / k,
            y: bounds.y + bounds.height / 2 - (height + CAPTION - margin) / 2 / k, k};
  },
  fit(places) { change({view: this.fitted(places)}); },

  // The first look: everything, if it can be read then; else, as large as is read with
  // ease, what stands topmost.
  begin(places) {
    const view = this.fitted(places), k = 0.9;
    if (view.k >= 0.62) return change({view});
    const {width} = this.size(), {bounds, first} = places, seen = width / k, margin = 24 / k;
    let x = bounds.x + bounds.width / 2 - seen / 2;
    if (bounds.width + 2 * margin > seen) {
      x = first.width > seen ? first.x - margin : first.x + first.width / 2 - seen / 2;
      x = Math.min(Math.max(x, bounds.x - margin), bounds.x + bounds.width + margin - seen);
    }
    change({view: {x, y: bounds.y - CAPTION / k, k}});
  },

  // Into another layout: all in the window stays so; else, and from stage to stage, the
  // selection, or what is in the middle, stays where it is on the screen.
  follow(before, after) {
    const {x, y, k} = state.view, {width, height} = this.size(), {bounds} = before;
    const right = x + width / k, bottom = y + height / k;
    if (before.layout !== after.layout && bounds.x >= x && bounds.y >= y && bounds.x + bounds.width <= right && bounds.y + bounds.height <= bottom) {
      state.view = this.fitted(after);
      return;
    }
    let best = null, least = Infinity;
    for (const [id, at] of before.nodeAt) {
      const far = id === state.node ? -1
          : Math.hypot(at.x + at.width / 2 - (x + right) / 2, at.y + at.height / 2 - (y + bottom) / 2);
      if (far < least && after.nodeAt.has(id) && alive(seg.nodes[id], state.stage)) [best, least] = [id, far];
    }
    if (best === null) return;
    const from = before.nodeAt.get(best), to = after.nodeAt.get(best);
    state.view = {x: x + to.x - from.x, y: y + to.y - from.y, k};
  },

  zoom(factor, px, py) {
    const {width, height} = this.size();
    px ??= width / 2;
    py ??= height / 2;
    const {x, y, k} = state.view, next = Math.min(8, Math.max(0.005, k * factor));
    change({view: {x: x + px / k - px / next, y: y + py / k - py / next, k: next}});
  },

  pan(dx, dy) {
    const {x, y, k} = state.view;
    change({view: {x: x - dx / k, y: y - dy / k, k}});
  },

  // To the middle, unless it is seen as it is.
  reveal(at) {
    if (!at) return;
    const {width, height} = this.size(), {k} = state.view, margin = 12 / k;
    let {x, y} = state.view;
    const w = width / k, hgt = height / k;
    if (at.x < x + margin || at.x + Math.min(at.width, w / 2) > x + w - margin) x = at.x + Math.min(at.width, w) / 2 - w / 2;
    if (at.y < y + margin || at.y + Math.min(at.height, hgt / 2) > y + hgt - margin) y = at.y + Math.min(at.height, hgt) / 2 - hgt / 2;
    change({view: {x, y, k}});
  },

  watch(scene) {
    const element = scene.svg, fingers = new Map();
    const place = (event) => {
      const box = element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : 1;
      if (event.shiftKey) this.pan(-(event.deltaX || event.deltaY) * unit, 0);
      else this.zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0015)), ...place(event));
    }, {passive: false});
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      fingers.set(event.pointerId, place(event));
      this.dragged = false;
    });
    element.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      const before = fingers.get(event.pointerId), now = place(event);
      const far = Math.hypot(now[0] - before[0], now[1] - before[1]);
      // A hand trembles: a click is not a drag.
      if (!this.dragged && far < 4) return;
      if (!this.dragged) element.setPointerCapture(event.pointerId);
      this.dragged = true;
      fingers.set(event.pointerId, now);
      if (fingers.size === 1) this.pan(now[0] - before[0], now[1] - before[1]);
      if (fingers.size === 2) {
        const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const spread = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
        this.zoom(spread(now) / spread(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      }
    });
    const end = (event) => fingers.delete(event.pointerId);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  },
};

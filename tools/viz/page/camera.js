// SPDX-License-Identifier: Apache-2.0
//
// Pan, zoom and fit, the same for all panes: by wheel, drag, pinch and keys.

const camera = {
  dragged: false,
  scenes: [],

  size() {
    const box = this.scenes[0].svg.getBoundingClientRect();
    return {width: Math.max(50, box.width), height: Math.max(50, box.height)};
  },

  apply() {
    if (!state.view) return;
    const {x, y, k} = state.view;
    for (const scene of this.scenes) {
      scene.world.setAttribute("transform", `scale(${k}) translate(${-x} ${-y})`);
      scene.svg.classList.toggle("far", k < 0.3);  // Texts could not be read.
    }
  },

  fit({bounds}) {
    const {width, height} = this.size(), margin = 28;
    const k = Math.min((width - 2 * margin) / bounds.width, (height - 2 * margin) / bounds.height, 1.6);
    change({view: {x: bounds.x + bounds.width / 2 - width / 2 / k,
                   y: bounds.y + bounds.height / 2 - height / 2 / k, k}});
  },

  // The first look: as `fit`, but never so small that nothing can be read; then it
  // begins at the top.
  begin(places) {
    this.fit(places);
    const least = 0.5, {bounds} = places, {width} = this.size();
    if (state.view.k >= least) return;
    const x = bounds.width * least > width ? bounds.x - 20 : bounds.x + bounds.width / 2 - width / 2 / least;
    change({view: {x, y: bounds.y - 40, k: least}});
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

  // Moves as little as is needed for `at` to be seen.
  reveal(at) {
    if (!at) return;
    const {width, height} = this.size(), {k} = state.view, margin = 40 / k;
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

// SPDX-License-Identifier: Apache-2.0
//
// The view as a file: what the window shows, with the styles written into it, so that
// it looks the same anywhere.

const EXPORTED_STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity",
                         "font-size", "font-weight", "font-family", "text-anchor", "display", "text-decoration-line",
                         "paint-order", "stroke-linejoin"];

function exportedSvg() {
  const scene = camera.scenes[camera.scenes.length - 1], {width, height} = camera.size();
  const copy = scene.svg.cloneNode(true);
  const from = scene.svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    // One text of declarations: setting them one by one takes ten times as long.
    to[i].setAttribute("style", EXPORTED_STYLES.map((p) => `${p}:${style.getPropertyValue(p)}`).join(";"));
    for (const name of ["class", "role", "data-node", "data-group"]) to[i].removeAttribute(name);
  });
  for (const name of ["class", "role", "tabindex", "aria-activedescendant", "aria-roledescription"]) copy.removeAttribute(name);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const background = svg("rect", {width, height, style: `fill:${getComputedStyle(byId("panes")).backgroundColor}`});
  copy.prepend(background);
  return new XMLSerializer().serializeToString(copy);
}

function exportName(extension) {
  const name = (doc.graph || "graph").replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 60);
  return `${name}-${seg.stages[state.stage].name}.${extension}`;
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  say(`Saved ${name}`);
}

function saveSvg() {
  save(new Blob([exportedSvg()], {type: "image/svg+xml"}), exportName("svg"));
}

// At twice the resolution of the screen's pixels, for print.
async function savePng() {
  const {width, height} = camera.size(), scale = 2, image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(exportedSvg());
  await image.decode();
  const canvas = h("canvas", {width: Math.round(width * scale), height: Math.round(height * scale)});
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(blob, exportName("png")), "image/png");
}

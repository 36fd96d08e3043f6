// SPDX-License-Identifier: Apache-2.0
//
// The page of `otium viz -o x.html`. The picture is there without it; this tells
// what each pass made, took away and left alone, and why.

'use strict';

async function readModel() {
  const base64 = document.getElementById('data').textContent;
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return JSON.parse(await new Response(stream).text());
}

// Names are strangers': they become text nodes only.
function element(tag, ...children) {
  const e = document.createElement(tag);
  e.append(...children);
  return e;
}

function shortened(text) {
  return text.length > 200 ? text.slice(0, 130) + '\u2026' + text.slice(-60) : text;
}

function describeStage(model, segment, index) {
  const stage = segment.stages[index];
  const lines = [];
  const nodes = segment.nodes || [];
  for (const n of nodes) {
    if (index > 0 && n.last === index - 1) lines.push('\u2212 ' + shortened(n.text));
  }
  for (const n of nodes) {
    if (index > 0 && n.first === index) lines.push('+ ' + shortened(n.text));
  }
  for (const r of segment.reasons || []) {
    if (r.stage !== index) continue;
    const formula = r.fired ? '   [' + model.rules[r.rule].formula + ']' : '';
    lines.push((r.fired ? 'fired ' : 'refused ') + shortened(r.text) + formula);
  }
  if (lines.length === 0) return null;
  const counts = element('span', `  ${stage.made || 0} made, ${stage.removed || 0} removed`);
  return element('details', element('summary', stage.name, counts),
                 element('ul', ...lines.slice(0, 1000).map((line) => element('li', line))));
}

readModel().then((model) => {
  const passes = document.getElementById('passes');
  for (const segment of model.segments) {
    segment.stages.forEach((_, index) => {
      const details = describeStage(model, segment, index);
      if (details !== null) passes.append(details);
    });
  }
});

// SPDX-License-Identifier: Apache-2.0
//
// Tables of the document (tools/viz/README.md): columns in the file, and here lists of
// rows whose members are looked up in them when they are asked for. So 100,000 nodes
// cost a few columns, not 100,000 objects with everything in them.

// All numbers of a column.
function listOf(column, rows) {
  if (typeof column === "number") return new Array(rows).fill(column);
  if (!column.steps) return column;
  const list = column.steps;  // Sums in its place: nobody else has it.
  for (let i = 1; i < list.length; ++i) list[i] += list[i - 1];
  return list;
}

function getterOf(column, rows, texts) {
  if (column.count !== undefined) {
    const begin = new Int32Array(rows + 1), counts = listOf(column.count, rows);
    for (let i = 0; i < rows; ++i) begin[i + 1] = begin[i] + counts[i];
    const all = listOf(column.of ?? column.text, begin[rows]);
    const values = column.text === undefined ? all : all.map((index) => texts[index]);
    return (row) => values.slice(begin[row], begin[row + 1]);
  }
  if (column.text !== undefined) {
    const list = listOf(column.text, rows);
    return (row) => texts[list[row]];
  }
  const list = listOf(column, rows);
  return (row) => list[row];
}

// The rows, each with its number as `id`.
function tableOf(table, texts) {
  const rows = [];
  class Row {
    constructor(id) { this.id = id; }
  }
  for (const key in table) {
    if (key === "rows") continue;
    let get = null;  // Of columns that nobody asks for nothing is made.
    Object.defineProperty(Row.prototype, key, {get() {
      get ??= getterOf(table[key], table.rows, texts);
      return get(this.id);
    }});
  }
  for (let id = 0; id < table?.rows; ++id) rows.push(new Row(id));
  return rows;
}

/*
 * What the player draws: a rollout's data (described in encoding.py), boards and heat maps. Plain JavaScript without a
 * build step. This file and player.js become the body of one function in markup.py, so that a notebook may hold many.
 */
const SVG = "http://www.w3.org/2000/svg";
const CELL = 20; // units of a board's own coordinates
const CHANGED = 1, CONFLICT = 2; // bits of the marks
const MILLISECONDS = 320; // per update, while it plays
const SURE = 0.5; // a digit that is less probable is shown as candidates
const FAINT = 0.04; // a candidate that is less probable is not shown
const NAMES = { maze: ["wall", "open", "start", "goal", "path"] };
const ROLES = { z_L: "scratchpad", z_H: "proposal" };
const ICONS = {
  first: "M3 3v10M13 3L6 8l7 5Z", back: "M11 3L5 8l6 5", play: "M4 2.5L13 8l-9 5.5Z", pause: "M4.5 3v10M11.5 3v10",
  on: "M5 3l6 5-6 5", last: "M13 3v10M3 3l7 5-7 5Z",
};
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function make(space, name, attributes, children) {
  const node = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const key in attributes || {}) node.setAttribute(key, attributes[key]);
  node.append(...(children || []));
  return node;
}
const html = (name, attributes, ...children) => make(null, name, attributes, children);
const svg = (name, attributes, ...children) => make(SVG, name, attributes, children);
const percent = (share) =>
  share <= 0 ? "0 %" : share < 0.01 ? "< 1 %" : share > 0.99 && share < 1 ? "> 99 %" : Math.round(100 * share) + " %";

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* What a rollout holds, frame by frame. */
class Rollout {
  constructor(data, bytes) {
    Object.assign(this, data);
    this.size = data.family.rows * data.family.columns;
    this.length = data.frames.update.length;
    const { values } = data.family;
    const maps = Math.max(-1, ...data.frames.attention) + 1;
    let from = 0;
    const take = (count) => bytes.subarray(from, (from += count));
    this.cells = take(data.readings * this.size);
    this.odds = take(data.readings * this.size * values);
    this.marks = take(this.length * this.size);
    this.maps = take(maps * data.layers * this.size * this.size);
  }
  reading(state, frame) {
    return this.frames[state][frame];
  }
  value(state, frame, cell) {
    return this.cells[this.reading(state, frame) * this.size + cell];
  }
  probability(state, frame, cell, value) {
    const { values } = this.family;
    const from = (this.reading(state, frame) * this.size + cell) * values;
    if (value < values) return this.odds[from + value] / 255;
    let rest = 255;
    for (let each = 0; each < values; each++) rest -= this.odds[from + each];
    return rest > values / 2 ? rest / 255 : 0; // less is what rounding left
  }
  right(state, frame) {
    return this.solution.reduce((sum, value, cell) => sum + (this.value(state, frame, cell) === value), 0);
  }
  count(frame) {
    let sum = 0;
    for (let cell = 0; cell < this.size; cell++) sum += this.marks[frame * this.size + cell] & CHANGED;
    return sum;
  }
  /* The last frame up to this one whose update was of a letter and attended; -1 where there is none. */
  attended(letter, frame) {
    while (frame >= 0 && !(this.frames.letter[frame] === letter && this.frames.attention[frame] >= 0)) frame--;
    return frame;
  }
  /* What a cell attends to in the update of a frame: a weight per cell; layer -1 is the mean. */
  weights(frame, layer, cell) {
    const found = new Float64Array(this.size);
    const chosen = layer < 0 ? [...Array(this.layers).keys()] : [layer];
    for (const each of chosen) {
      const row = (this.frames.attention[frame] * this.layers + each) * this.size + cell;
      for (let key = 0; key < this.size; key++) {
        found[key] += (this.maps[row * this.size + key] / 255) ** 2 / chosen.length;
      }
    }
    return found;
  }
  name(value) {
    if (value >= this.family.values) return "undecided";
    if (this.family.symbols) return value ? this.family.cells[value] : "blank";
    return (NAMES[this.family.kind] || this.family.cells)[value];
  }
}

/* A grid of cells in SVG. */
class Grid {
  constructor(rollout, label) {
    const { rows, columns, box } = rollout.family;
    this.rollout = rollout;
    this.columns = columns;
    this.rows = rows;
    const [wide, high] = [columns * CELL, rows * CELL];
    this.below = svg("g");
    this.above = svg("g");
    this.ring = svg("rect", { class: "ring", width: CELL - 1.6, height: CELL - 1.6, rx: 2, visibility: "hidden" });
    this.node = svg("svg", { viewBox: `-1 -1 ${wide + 2} ${high + 2}`, role: "img", "aria-label": label }, this.below);
    this.node.append(this.above, this.lines(wide, high, box), this.ring);
    this.grounds = this.each((x, y) => svg("rect", { x, y, width: CELL, height: CELL }));
    this.below.append(...this.grounds);
  }
  each(build) {
    return Array.from({ length: this.rows * this.columns }, (_, cell) =>
      build((cell % this.columns) * CELL, Math.floor(cell / this.columns) * CELL, cell));
  }
  lines(wide, high, box) {
    const thin = [], thick = [`M0 0H${wide}V${high}H0Z`];
    for (let row = 1; row < this.rows; row++) (box && row % box[0] === 0 ? thick : thin).push(`M0 ${row * CELL}H${wide}`);
    for (let column = 1; column < this.columns; column++)
      (box && column % box[1] === 0 ? thick : thin).push(`M${column * CELL} 0V${high}`);
    return svg("g", { class: "lines" }, svg("path", { class: "thin", d: thin.join("") }),
      svg("path", { class: "thick", d: thick.join("") }));
  }
  mark(cell) {
    this.ring.setAttribute("visibility", cell === null ? "hidden" : "visible");
    if (cell === null) return;
    this.ring.setAttribute("x", (cell % this.columns) * CELL + 0.8);
    this.ring.setAttribute("y", Math.floor(cell / this.columns) * CELL + 0.8);
  }
  /* The cell under a pointer, or null. */
  at(event) {
    const frame = this.node.getBoundingClientRect();
    const [wide, high] = [this.columns * CELL + 2, this.rows * CELL + 2];
    const column = Math.floor((((event.clientX - frame.left) / frame.width) * wide - 1) / CELL);
    const row = Math.floor((((event.clientY - frame.top) / frame.height) * high - 1) / CELL);
    return row >= 0 && row < this.rows && column >= 0 && column < this.columns ? row * this.columns + column : null;
  }
}

/* One state as a board. */
class Board extends Grid {
  constructor(rollout, state) {
    super(rollout, `${state}, the ${ROLES[state]}`);
    this.state = state;
    this.node.setAttribute("tabindex", "0");
    const middle = (x, y, attributes) => svg("text", { x: x + CELL / 2, y: y + CELL / 2, ...attributes });
    this.texts = this.each((x, y) => middle(x, y, { class: "value" }));
    this.above.append(...this.texts);
    this.small = rollout.family.symbols ? this.each(() => null) : null;
    this.dots = rollout.family.symbols ? null : this.each((x, y) =>
      svg("circle", { cx: x + CELL / 2, cy: y + CELL / 2, r: CELL * 0.3, class: "path" }));
    if (this.dots) this.above.prepend(...this.dots);
  }
  draw(frame) {
    const { rollout, state } = this;
    const own = rollout.frames.letter[frame] === state[2];
    for (let cell = 0; cell < rollout.size; cell++) {
      const value = rollout.value(state, frame, cell);
      const odds = rollout.probability(state, frame, cell, value);
      const bits = rollout.marks[frame * rollout.size + cell];
      const flags = [own && bits & CHANGED ? "changed" : "", state === "z_H" && bits & CONFLICT ? "conflict" : ""];
      if (rollout.family.symbols) this.digit(cell, value, odds, frame, flags);
      else this.thing(cell, value, odds, frame, flags);
    }
  }
  digit(cell, value, odds, frame, flags) {
    const { rollout } = this;
    const given = rollout.puzzle[cell] > 0;
    const undecided = value >= rollout.family.values;
    const open = !undecided && !given && (value === 0 || odds < SURE);
    const blank = undecided || open || value === 0;
    if (blank) flags[1] = ""; // there is no digit that could conflict
    this.grounds[cell].setAttribute("class", ["ground", given ? "given" : "", undecided ? "undecided" : "", ...flags].join(" "));
    const text = this.texts[cell];
    text.textContent = blank ? "" : rollout.family.cells[value];
    text.setAttribute("class", `value ${given && rollout.puzzle[cell] === value ? "of-puzzle" : ""} ${flags[1]}`);
    text.style.opacity = 0.45 + 0.55 * odds;
    this.pencil(cell, open ? frame : null);
  }
  /* Candidates in their places, each as strong as it is probable; frame null takes them away. */
  pencil(cell, frame) {
    const { symbols, cells, box } = this.rollout.family;
    if (frame === null) {
      if (this.small[cell]) this.small[cell].replaceChildren();
      return;
    }
    const across = box ? box[1] : Math.ceil(Math.sqrt(symbols));
    const down = Math.ceil(symbols / across);
    const [left, top] = [(cell % this.columns) * CELL, Math.floor(cell / this.columns) * CELL];
    const height = Math.min((CELL * 1.05) / across, (CELL * 0.85) / down, CELL * 0.34);
    const marks = [];
    for (let value = 1; value <= symbols; value++) {
      const odds = this.rollout.probability(this.state, frame, cell, value);
      if (odds < FAINT) continue;
      const x = left + CELL * (0.06 + (0.88 * (((value - 1) % across) + 0.5)) / across);
      const y = top + CELL * (0.06 + (0.88 * (Math.floor((value - 1) / across) + 0.5)) / down);
      const mark = svg("text", { x, y, class: "candidate", "font-size": height }, cells[value]);
      mark.style.opacity = 0.3 + 0.7 * odds;
      marks.push(mark);
    }
    if (!this.small[cell]) this.above.append((this.small[cell] = svg("g")));
    this.small[cell].replaceChildren(...marks);
  }
  thing(cell, value, odds, frame, flags) {
    const { rollout } = this;
    const maze = rollout.family.kind === "maze";
    const name = value >= rollout.family.values ? "undecided" : maze ? NAMES.maze[value] : "";
    this.grounds[cell].setAttribute("class", ["ground", name, ...flags].join(" "));
    const path = maze && name !== "wall" && name !== "start" && name !== "goal"
      ? rollout.probability(this.state, frame, cell, NAMES.maze.indexOf("path")) : 0;
    this.dots[cell].style.opacity = path < FAINT ? 0 : path;
    const shown = maze ? { start: "S", goal: "G" }[name] || "" : name ? "" : rollout.family.cells[value];
    this.texts[cell].textContent = shown;
    this.texts[cell].setAttribute("class", `value ${maze ? "marker" : ""} ${flags[1]}`);
    this.texts[cell].style.opacity = maze ? 1 : 0.45 + 0.55 * odds;
  }
}

/* What a cell attends to. */
class Heat extends Grid {
  constructor(rollout, letter) {
    super(rollout, `What the cell attends to in the ${letter}-update`);
    this.letter = letter;
    this.node.classList.add("heat", `of-${letter}`);
    this.weights = this.each((x, y) => svg("rect", { x, y, width: CELL, height: CELL, class: "weight" }));
    this.above.append(...this.weights);
    for (const ground of this.grounds) ground.setAttribute("class", "ground");
  }
  /* Returns a line of words. */
  draw(frame, layer, cell) {
    const at = this.rollout.attended(this.letter, frame);
    this.mark(cell);
    const weights = at < 0 || cell === null ? null : this.rollout.weights(at, layer, cell);
    const most = weights ? Math.max(...weights) : 0;
    for (let key = 0; key < this.rollout.size; key++) {
      this.weights[key].style.opacity = most > 0 ? Math.sqrt(weights[key] / most) : 0;
    }
    return at < 0 ? `no ${this.letter}-update yet` : `update ${this.rollout.frames.update[at]}, at most ${percent(most)}`;
  }
}

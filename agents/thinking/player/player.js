/* The player itself: what is around the boards, and what keys and pointers do. It goes on from boards.js. */
class Player {
  constructor(root, rollout) {
    this.root = root;
    this.rollout = rollout;
    this.frame = 0;
    const blank = rollout.puzzle.findIndex((value) => (rollout.family.symbols ? value === 0 : value === 2));
    this.pinned = Math.max(0, blank);
    this.hovered = null;
    this.timer = null;
    this.boards = ["z_L", "z_H"].map((state) => new Board(rollout, state));
    this.heats = rollout.layers ? ["L", "H"].map((letter) => new Heat(rollout, letter)) : [];
    this.build();
    this.listen();
    this.go(0);
  }

  build() {
    const { rollout } = this;
    this.root.style.setProperty("--columns", rollout.family.columns);
    if (rollout.family.columns > 9) this.root.classList.add("large");
    this.captions = {};
    const boards = this.boards.map((board) => {
      this.captions[board.state] = html("span", { class: "note" });
      return html("figure", { class: `board of-${board.state[2]}` },
        html("figcaption", {}, html("b", {}, board.state), ` ${ROLES[board.state]} `, this.captions[board.state]), board.node);
    });
    this.where = html("p", { class: "where" });
    this.bars = {};
    const values = [...Array(rollout.family.values + 1).keys()].map((value) => this.row(value));
    const table = html("div", { class: "values" },
      html("div", { class: "row head" }, html("span"), html("span", {}, "z_L"), html("span", {}, "z_H")), ...values);
    this.panel = html("aside", { class: "cell" }, this.where, html("div", { class: "details" }, table, ...this.attends()));
    this.badge = html("span", { class: "badge" });
    this.root.append(
      html("header", {}, html("h3", {}, rollout.title), this.badge),
      html("div", { class: "stage" }, ...boards, this.transport(), this.panel),
      html("p", { class: "help" }, "Keys: ← → or , . step through the updates, Home and End jump, Space plays. Hover a cell, or click"
        + " to keep it; the arrows move in a board that has the focus."));
  }

  row(value) {
    const bars = ["z_L", "z_H"].map((state) => {
      const fill = html("i", { class: `of-${state[2]}` });
      const text = html("em");
      (this.bars[state] = this.bars[state] || []).push([fill, text]);
      return html("span", { class: "bar" }, fill, text);
    });
    return html("div", { class: "row", "data-value": value }, html("span", { class: "name" }, this.rollout.name(value)), ...bars);
  }

  attends() {
    const { layers } = this.rollout;
    this.layer = -1;
    if (!layers) {
      const why = this.rollout.attention ? `Its attention is ${this.rollout.attention}.` : "This model does not attend.";
      return [html("p", { class: "attends none" }, why)];
    }
    const lines = this.heats.map(() => html("span", { class: "note" }));
    this.heatLines = lines;
    const figures = this.heats.map((heat, index) => html("figure", {},
      html("figcaption", {}, html("b", { class: `of-${heat.letter}` }, heat.letter), " attends ", lines[index]), heat.node));
    this.select = html("select", { "aria-label": "layer" }, html("option", { value: -1 }, "all layers"),
      ...[...Array(layers).keys()].map((layer) => html("option", { value: layer }, `layer ${layer}`)));
    const choose = layers > 1 ? [this.select] : [];
    const words = html("span", { class: "note" }, this.rollout.attention);
    return [html("div", { class: "attends" }, ...figures, html("p", { class: "choose" }, ...choose, words))];
  }

  transport() {
    const { rollout } = this;
    const button = (label, icon, act) => {
      const node = html("button", { type: "button", "aria-label": label, title: label },
        svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[icon] })));
      node.addEventListener("click", act);
      return node;
    };
    const last = rollout.length - 1;
    this.play = button("play", "play", () => this.toggle());
    const buttons = html("div", { class: "buttons" }, button("first update", "first", () => this.go(0)),
      button("one update back", "back", () => this.go(this.frame - 1)), this.play,
      button("one update on", "on", () => this.go(this.frame + 1)), button("last update", "last", () => this.go(last)));
    this.range = html("input", { type: "range", min: 0, max: last, step: 1, value: 0, "aria-label": "update" });
    this.line = html("p", { class: "status", role: "status" });
    return html("div", { class: "transport" }, buttons, html("div", { class: "track" }, this.timeline(), this.range), this.line);
  }

  /* A bar per update, as high as the share of cells that changed, and the halting probability over it. */
  timeline() {
    const { rollout } = this;
    const high = 40;
    const bars = [], steps = [], halts = [];
    for (let frame = 0; frame < rollout.length; frame++) {
      const share = Math.sqrt(rollout.count(frame) / rollout.size);
      const tall = Math.max(1.5, share * (high - 4));
      const letter = rollout.frames.letter[frame];
      const name = letter === "L" || letter === "H" ? letter : "none";
      bars.push(svg("rect", { x: frame + 0.12, y: high - tall, width: 0.76, height: tall, class: `of-${name}` }));
      if (frame && rollout.frames.act_step[frame] !== rollout.frames.act_step[frame - 1]) steps.push(`M${frame} 0V${high}`);
      halts.push(`${frame + 0.5} ${high - 2 - rollout.frames.halt[frame] * (high - 4)}`);
    }
    this.cursor = svg("rect", { y: 0, width: 1, height: high, class: "cursor" });
    this.strip = svg("svg", { viewBox: `0 0 ${rollout.length} ${high}`, preserveAspectRatio: "none", class: "strip", "aria-hidden": "true" },
      this.cursor, svg("path", { class: "steps", d: steps.join("") }), ...bars, svg("polyline", { class: "halting", points: halts.join(" ") }));
    return this.strip;
  }

  listen() {
    for (const board of this.boards) {
      board.node.addEventListener("pointermove", (event) => this.hover(board.at(event)));
      board.node.addEventListener("pointerleave", () => this.hover(null));
      board.node.addEventListener("click", (event) => this.pin(board.at(event)));
    }
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    if (this.select) this.select.addEventListener("change", () => {
      this.layer = Number(this.select.value);
      this.details();
    });
    const scrub = (event) => {
      const box = this.strip.getBoundingClientRect();
      this.go(Math.floor(((event.clientX - box.left) / box.width) * this.rollout.length));
    };
    this.strip.addEventListener("pointerdown", (event) => {
      this.strip.setPointerCapture(event.pointerId);
      scrub(event);
    });
    this.strip.addEventListener("pointermove", (event) => event.buttons && scrub(event));
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const on = { ",": -1, ".": 1, ...(event.target === this.range ? {} : { ArrowLeft: -1, ArrowRight: 1 }) }[event.key];
    const board = this.boards.find((each) => each.node === event.target);
    if (board && ARROWS[event.key]) this.move(...ARROWS[event.key]);
    else if (on) this.go(this.frame + on);
    else if (event.key === "Home") this.go(0);
    else if (event.key === "End") this.go(this.rollout.length - 1);
    else if (event.key === " " && event.target.tagName !== "BUTTON") this.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has keys of its own
  }

  move(down, right) {
    const { rows, columns } = this.rollout.family;
    const row = Math.min(rows - 1, Math.max(0, Math.floor(this.pinned / columns) + down));
    const column = Math.min(columns - 1, Math.max(0, (this.pinned % columns) + right));
    this.pin(row * columns + column);
  }

  toggle() {
    if (this.timer !== null) return this.stop();
    if (this.frame === this.rollout.length - 1) this.go(0);
    this.timer = setInterval(() => {
      this.show(this.frame + 1);
      if (this.frame === this.rollout.length - 1) this.stop();
    }, MILLISECONDS);
    this.says("pause");
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.says("play");
  }

  says(what) {
    this.play.setAttribute("aria-label", what);
    this.play.title = what;
    this.play.querySelector("path").setAttribute("d", ICONS[what]);
  }

  hover(cell) {
    if (cell === this.hovered) return;
    this.hovered = cell;
    this.details();
  }

  pin(cell) {
    if (cell === null) return;
    this.pinned = cell;
    this.hovered = null;
    this.details();
  }

  go(frame) {
    if (this.timer !== null) this.stop();
    this.show(frame);
  }

  show(frame) {
    const { rollout } = this;
    const { frames } = rollout;
    this.frame = Math.min(rollout.length - 1, Math.max(0, frame));
    const now = this.frame;
    const letter = frames.letter[now];
    for (const board of this.boards) {
      board.draw(now);
      const right = rollout.solution ? `${rollout.right(board.state, now)} of ${rollout.size} cells right` : "";
      this.captions[board.state].textContent = right;
      board.node.parentElement.classList.toggle("active", letter === board.state[2]);
    }
    const what = letter === "" ? "before the first update" : letter === "-" ? "a frozen update" : `${letter} updates z_${letter}`;
    const count = rollout.count(now);
    const parts = [`Update ${frames.update[now]}`, `ACT step ${frames.act_step[now]}`, what,
      `${count} ${count === 1 ? "cell" : "cells"} changed`, `halting probability ${percent(frames.halt[now])}`, ...frames.notes[now]];
    this.line.textContent = parts.join(" · ");
    this.badge.textContent = frames.solved[now] ? "solved" : "not solved";
    this.badge.classList.toggle("solved", Boolean(frames.solved[now]));
    this.range.value = now;
    this.range.setAttribute("aria-valuetext", parts.slice(0, 3).join(", "));
    this.cursor.setAttribute("x", now);
    this.root.dataset.frame = now;
    this.details();
  }

  details() {
    const { rollout } = this;
    const cell = this.hovered === null ? this.pinned : this.hovered;
    const { columns, symbols } = rollout.family;
    const given = rollout.puzzle[cell];
    const clue = symbols ? (given ? `the clue ${rollout.name(given)}` : "blank in the puzzle") : `${rollout.name(given)} in the puzzle`;
    this.where.textContent = `Row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}: ${clue}`;
    this.root.dataset.cell = cell;
    for (const board of this.boards) board.mark(cell);
    for (const state of ["z_L", "z_H"]) {
      this.bars[state].forEach(([fill, text], value) => {
        const share = rollout.probability(state, this.frame, cell, value);
        fill.style.width = `${100 * share}%`;
        text.textContent = share < 0.005 ? "" : percent(share);
      });
    }
    this.heats.forEach((heat, index) => {
      this.heatLines[index].textContent = heat.draw(this.frame, this.layer, cell);
    });
  }
}

async function start(root) {
  root.dataset.started = "false";
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  try {
    const rollout = new Rollout(data, await inflate(data.data));
    root.querySelector("p").remove();
    root.player = new Player(root, rollout);
    root.dataset.started = "true";
  } catch (error) {
    root.append(html("p", { class: "where" }, `The player did not start: ${error.message}`));
    throw error;
  }
}

for (const root of document.querySelectorAll(".air-player:not([data-started])")) start(root);

// The flame graph, on a canvas as high as its window: only rows that can be seen are
// drawn, and no call that is narrower than half a pixel is looked at.

const rowHeight = 19, smallest = 0.5;

class Graph {
  constructor(onSelect, onZoom) {
    this.holder = byId("graph");
    this.canvas = byId("canvas");
    this.pen = this.canvas.getContext("2d");
    this.icicle = false;
    this.hits = null; // by function: whether the search found it
    this.selected = this.hovered = null;
    this.onSelect = onSelect;
    this.onZoom = onZoom;
    this.boxes = [];
    this.holder.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.layout()).observe(this.holder);
    this.canvas.addEventListener("mousemove", (e) => this.hover(this.at(e)));
    this.canvas.addEventListener("mouseleave", () => this.hover(null));
    this.canvas.addEventListener("click", (e) => {
      const call = this.at(e);
      if (!call) return;
      this.select(call);
      if (!e.shiftKey) this.zoom(call);
    });
    this.canvas.addEventListener("keydown", (e) => this.key(e));
  }

  show(root, measured) {
    this.root = this.zoomed = root;
    this.measured = measured;
    this.selected = this.hovered = null;
    this.onZoom(false);
    this.layout();
    this.home();
  }

  // layout places the calls that are wide enough.
  layout() {
    if (!this.root) return;
    const width = this.holder.clientWidth;
    this.boxes = [];
    this.rows = this.zoomed.depth + 1;
    for (let c = this.zoomed.parent; c; c = c.parent) this.boxes.push({ call: c, x: 0, width, caller: true });
    const todo = [{ call: this.zoomed, x: 0, width, caller: false }];
    while (todo.length) {
      const box = todo.pop();
      this.boxes.push(box);
      this.rows = Math.max(this.rows, box.call.depth + 1);
      let x = box.x;
      const scale = box.call.weight > 0 ? box.width / box.call.weight : 0;
      for (const call of box.call.calls()) {
        const w = call.weight * scale;
        if (w >= smallest) todo.push({ call, x, width: w, caller: false });
        x += w;
      }
    }
    this.byRow = [];
    for (const box of this.boxes) (this.byRow[box.call.depth] ||= []).push(box);
    byId("rows").style.height = this.rows * rowHeight + "px";
    this.fitCanvas(width);
    this.draw();
  }

  fitCanvas(width) {
    const height = this.holder.clientHeight, dots = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * dots);
    this.canvas.height = Math.round(height * dots);
    this.canvas.style.width = width + "px";
    this.canvas.style.height = height + "px";
    this.pen.setTransform(dots, 0, 0, dots, 0, 0);
  }

  // Where a row's upper edge is in the window.
  top(depth) {
    const height = Math.max(this.rows * rowHeight, this.icicle ? 0 : this.holder.clientHeight);
    const y = this.icicle ? depth * rowHeight : height - (depth + 1) * rowHeight;
    return y - this.holder.scrollTop;
  }

  home() { this.holder.scrollTop = this.icicle ? 0 : this.holder.scrollHeight; }

  draw() {
    if (!this.root) return;
    const pen = this.pen, style = getComputedStyle(document.documentElement), height = this.holder.clientHeight;
    pen.fillStyle = style.getPropertyValue("--page");
    pen.fillRect(0, 0, this.holder.clientWidth, height);
    pen.font = '12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
    pen.textBaseline = "middle";
    this.letter ||= pen.measureText("mmmmmmmmmm").width / 10;
    this.byRow.forEach((row, depth) => {
      const y = this.top(depth);
      if (y < -rowHeight || y > height) return;
      for (const box of row) this.drawBox(box, y);
    });
    for (const [call, colour] of [[this.hovered, "--text"], [this.selected, "--accent"]]) {
      const box = call && this.boxOf(call);
      if (!box) continue;
      pen.strokeStyle = style.getPropertyValue(colour);
      pen.lineWidth = 2;
      pen.strokeRect(box.x + 1, this.top(call.depth) + 1, Math.max(1, box.width - 2), rowHeight - 3);
    }
  }

  drawBox(box, y) {
    const pen = this.pen, { call, x, width } = box;
    pen.globalAlpha = box.caller ? 0.7 : 1;
    pen.fillStyle = this.colour(call);
    pen.fillRect(x, y, Math.max(smallest, width - (width > 3 ? 1 : 0)), rowHeight - 1);
    const room = Math.floor((width - 8) / this.letter);
    if (room >= 3) {
      const name = nameOf(call);
      pen.globalAlpha = 1;
      pen.fillStyle = profile.palette.ink;
      pen.fillText(name.length <= room ? name : name.slice(0, room - 1) + "…", x + 4, y + rowHeight / 2);
    }
    pen.globalAlpha = 1;
  }

  colour(call) {
    if (call.frame < 0) return profile.palette.root;
    const fn = functionOf(call.frame);
    if (this.hits) return this.hits[fn] ? profile.palette.hit : profile.palette.miss;
    if (this.measured.base) return mixColour(call);
    const shades = profile.palette.kinds[profile.functions.kind[fn]];
    let hash = 0;
    for (const c of nameOf(call)) hash = (hash * 31 + c.codePointAt(0)) | 0;
    return shades[(hash >>> 0) % shades.length];
  }

  boxOf(call) { return (this.byRow[call.depth] || []).find((b) => b.call === call); }

  at(e) {
    const area = this.canvas.getBoundingClientRect(), x = e.clientX - area.left, y = e.clientY - area.top;
    for (let depth = 0; depth < this.rows; depth++) {
      const top = this.top(depth);
      if (y < top || y >= top + rowHeight) continue;
      for (const b of this.byRow[depth] || []) if (x >= b.x && x < b.x + Math.max(1, b.width)) return b.call;
    }
    return null;
  }

  hover(call) {
    if (call === this.hovered) return;
    this.hovered = call;
    byId("hover").textContent = call ? this.describe(call) : "";
    this.draw();
  }

  describe(call) {
    const fn = functionOf(call.frame), m = this.measured;
    let text = nameOf(call);
    if (call.frame >= 0) {
      if (inlined(call.frame)) text += " (inlined)";
      const module = profile.modules[profile.functions.module[fn]];
      if (module) text += " in " + module;
    }
    return text + ": " + measureText(m, call.value, call.base);
  }

  select(call) {
    this.selected = call;
    byId("hover").textContent = this.describe(call);
    this.onSelect(call);
    this.draw();
  }

  zoom(call) {
    this.zoomed = call;
    this.onZoom(call !== this.root);
    this.layout();
    this.reveal(call);
  }

  reveal(call) {
    const y = this.top(call.depth);
    if (y < 0 || y > this.holder.clientHeight - rowHeight) this.holder.scrollTop += y - this.holder.clientHeight / 2;
  }

  reset() {
    this.selected = null;
    this.zoom(this.root);
    this.home();
  }

  key(e) {
    const from = this.selected || this.zoomed, inward = this.icicle ? "ArrowDown" : "ArrowUp", outward = this.icicle ? "ArrowUp" : "ArrowDown";
    const beside = (step) => {
      if (!from.parent) return null;
      const all = from.parent.calls();
      return all[all.indexOf(from) + step];
    };
    let to = null;
    switch (e.key) {
      case inward: to = from.calls().reduce((a, b) => (!a || b.weight > a.weight ? b : a), null); break;
      case outward: to = from.parent; break;
      case "ArrowLeft": to = beside(-1); break;
      case "ArrowRight": to = beside(1); break;
      case "Home": to = this.root; break;
      case "Enter": case " ": this.zoom(from); this.select(from); break;
      case "Backspace": if (this.zoomed.parent) this.zoom(this.zoomed.parent); break;
      default: return;
    }
    e.preventDefault();
    if (!to) return;
    if (!this.boxOf(to)) this.zoom(to.parent || to);
    this.select(to);
    this.reveal(to);
  }
}

// mixColour is red for more than in the base and blue for less.
function mixColour(call) {
  const d = call.weight > 0 ? (call.value - call.base) / call.weight : 0;
  const parse = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));
  const part = Math.sqrt(Math.abs(d)), from = parse(profile.palette.same), to = parse(d >= 0 ? profile.palette.more : profile.palette.less);
  return "rgb(" + from.map((c, i) => Math.round(c + (to[i] - c) * part)).join(",") + ")";
}

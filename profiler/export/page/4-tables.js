// The table of functions and what is known of one that is selected.

const mostRows = 400;

class FunctionTable {
  constructor(onSelect) {
    this.table = byId("functions");
    this.body = this.table.tBodies[0];
    this.sort = profile.base ? "change" : "self";
    this.order = -1;
    this.onSelect = onSelect;
    for (const b of this.table.querySelectorAll("[data-sort]")) {
      b.addEventListener("click", () => {
        const key = b.dataset.sort;
        this.order = key === this.sort ? -this.order : key === "name" || key === "kind" ? 1 : -1;
        this.sort = key;
        this.show(this.measured, this.hits);
      });
    }
  }

  // key is what a function is sorted by.
  key(fn) {
    const f = this.measured.functions;
    switch (this.sort) {
      case "name": return profile.functions.name[fn];
      case "kind": return profile.functions.kind[fn];
      case "total": return f.total[fn] - f.baseTotal[fn];
      case "change": return Math.abs(f.self[fn] - f.baseSelf[fn]);
    }
    return f.self[fn] - f.baseSelf[fn];
  }

  show(measured, hits) {
    this.measured = measured;
    this.hits = hits;
    const f = measured.functions, shown = [];
    for (let fn = 0; fn < f.self.length; fn++) {
      if (hits ? hits[fn] : f.total[fn] + f.baseTotal[fn] > 0) shown.push(fn);
    }
    const keys = new Map(shown.map((fn) => [fn, this.key(fn)]));
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    shown.sort((a, b) => this.order * compare(keys.get(a), keys.get(b)) || f.total[b] - f.total[a] || a - b);
    this.body.replaceChildren(...shown.slice(0, mostRows).map((fn) => this.row(fn)));
    byId("more").textContent = shown.length > mostRows ? (shown.length - mostRows) + " more functions: search for them by name" : "";
    for (const th of this.table.tHead.rows[0].cells) {
      const b = th.querySelector("[data-sort]");
      if (b) th.setAttribute("aria-sort", b.dataset.sort !== this.sort ? "none" : this.order < 0 ? "descending" : "ascending");
    }
  }

  row(fn) {
    const m = this.measured, f = m.functions, r = element("tr");
    const put = (value, base) => {
      const text = m.base ? signed(value - base, m.unit) : amount(value, m.unit);
      r.append(element("td", text, "number"), element("td", share(m.base ? value - base : value, m.base ? m.base[0] : m.all), "number"));
    };
    put(f.self[fn], f.baseSelf[fn]);
    put(f.total[fn], f.baseTotal[fn]);
    const name = element("td", undefined, "name"), button = element("button", profile.functions.name[fn]);
    button.type = "button";
    name.title = profile.functions.name[fn];
    name.append(button);
    r.append(name, element("td", profile.kinds[profile.functions.kind[fn]]), element("td", profile.modules[profile.functions.module[fn]]));
    r.addEventListener("click", () => {
      for (const s of this.body.querySelectorAll(".selected")) s.classList.remove("selected");
      r.classList.add("selected");
      this.onSelect(fn);
    });
    return r;
  }
}

// showDetails says what is known of a function, and of the call that was selected, if one
// was.
function showDetails(measured, fn, call) {
  const all = byId("details"), f = measured.functions, list = element("dl");
  const put = (term, text) => list.append(element("dt", term), element("dd", text));
  const file = profile.files[profile.functions.file[fn]], start = profile.functions.start[fn];
  put("kind", profile.kinds[profile.functions.kind[fn]] + (call && inlined(call.frame) ? ", inlined here" : ""));
  if (profile.modules[profile.functions.module[fn]]) put("module", profile.modules[profile.functions.module[fn]]);
  if (file) put("file", file + (start ? ":" + start : ""));
  if (call) put("this call", measureText(measured, call.value, call.base));
  put("function, self", measureText(measured, f.self[fn], f.baseSelf[fn]));
  put("function, total", measureText(measured, f.total[fn], f.baseTotal[fn]));
  all.replaceChildren(element("h2", profile.functions.name[fn]), list, sourceOf(measured, fn));
  const hottest = all.querySelector("tr.hottest");
  if (hottest) hottest.scrollIntoView({ block: "center" });
}

// sourceOf returns the source lines of a function with what was measured on each.
function sourceOf(measured, fn) {
  const file = profile.functions.file[fn], source = profile.sources[file];
  const lines = (profile.lines[fn] || []).map(([line, self, total]) => ({ line, self: self[measured.type], total: total[measured.type] }));
  if (file < 0 || !profile.files[file]) return element("p", "No source: it is not known which file this function is from.", "note");
  const holder = element("div");
  const known = new Map(lines.map((l) => [l.line, l]));
  if (!source || source.error !== undefined) {
    holder.append(element("p", "No source lines: " + (source ? source.error : "none of this file's lines was measured") + ".", "note"));
    if (lines.every((l) => l.line === 0)) return holder;
  }
  // Only the function's own lines, with some around them.
  const first = Math.min(...lines.map((l) => l.line), profile.functions.start[fn] || Infinity) - profile.around;
  const last = Math.max(...lines.map((l) => l.line)) + profile.around;
  const texts = source && source.lines ? source.lines.filter(([n]) => n >= first && n <= last) : lines.map((l) => [l.line, ""]);
  const table = element("table");
  table.id = "source";
  const head = element("tr");
  head.append(element("th", "self", "number"), element("th", "total", "number"), element("th", "line", "number"), element("th", "source"));
  table.createTHead().append(head);
  const body = table.createTBody();
  let before = 0, hottest = null;
  for (const [n, text] of texts) {
    if (before && n > before + 1) body.append(gapRow());
    before = n;
    const l = known.get(n), row = element("tr", undefined, l ? "hot" : "");
    row.dataset.line = n;
    row.append(
      element("td", l && l.self ? amount(l.self, measured.unit) : "", "number"),
      element("td", l && l.total ? amount(l.total, measured.unit) : "", "number"),
      element("td", n, "number"), element("td", text, "code"),
    );
    if (l && (!hottest || Math.abs(l.total) > hottest.total)) hottest = { row, total: Math.abs(l.total) };
    body.append(row);
  }
  if (hottest) hottest.row.classList.add("hottest");
  holder.append(table);
  return holder;
}

function gapRow() {
  const row = element("tr", undefined, "gap"), cell = element("td", "…");
  cell.colSpan = 4;
  row.append(cell);
  return row;
}

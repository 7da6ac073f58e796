// The controls.

let measured = null, hits = null;

const graph = new Graph(
  (call) => { if (call.frame >= 0) showDetails(measured, functionOf(call.frame), call); },
  (zoomed) => { byId("reset").disabled = !zoomed; },
);
const table = new FunctionTable((fn) => showDetails(measured, fn, null));
const pressed = (id) => byId(id).getAttribute("aria-pressed") === "true";

function show() {
  graph.show(pressed("inverted") ? reversedRoot(measured) : forwardRoot(measured), measured);
}

function chooseType() {
  measured = measure(Number(byId("type").value));
  const { unit } = measured;
  byId("about").textContent = profile.about + (profile.about ? " · " : "") + (measured.base
    ? amount(measured.total[0], unit) + ", base " + amount(measured.base[0], unit)
    : amount(measured.total[0], unit));
  showLegend();
  show();
  find();
}

// showLegend says what the colours mean and how much each kind of code took by itself.
function showLegend() {
  const legend = byId("legend");
  legend.replaceChildren();
  const put = (colour, text) => {
    const entry = element("span", undefined, "legend"), swatch = element("span", undefined, "swatch");
    swatch.style.background = colour;
    entry.append(swatch, element("span", text));
    legend.append(entry);
  };
  if (measured.base) {
    put(profile.palette.more, "more than in the base");
    put(profile.palette.same, "the same");
    put(profile.palette.less, "less");
    legend.append(element("span", "Widths are both together.", "note"));
    return;
  }
  const sums = profile.kinds.map(() => 0), seen = profile.kinds.map(() => false);
  measured.functions.self.forEach((v, fn) => {
    const k = profile.functions.kind[fn];
    sums[k] += v;
    seen[k] ||= measured.functions.total[fn] > 0;
  });
  profile.kinds.forEach((k, i) => { if (seen[i]) put(profile.palette.kinds[i][0], k + " " + share(sums[i], measured.total[0])); });
}

// find marks the functions that the search means, and says how much of everything stacks
// with one of them are.
function find() {
  const term = byId("search").value, found = byId("found");
  hits = null;
  if (term !== "") {
    let test = (name) => name.toLowerCase().includes(term.toLowerCase());
    const expression = /^\/(.+)\/$/.exec(term);
    if (expression) {
      try {
        const r = new RegExp(expression[1]);
        test = (name) => r.test(name);
      } catch {
        found.textContent = "not a regular expression";
        return;
      }
    }
    hits = profile.functions.name.map(test);
    let covered = 0;
    for (let i = 1; i < nodes.n; i++) {
      if (!hits[functionOf(nodes.frame[i])]) continue;
      covered += measured.weight[i];
      i = nodes.next[i] - 1;
    }
    const count = hits.filter(Boolean).length;
    found.textContent = count + (count === 1 ? " function, " : " functions, ") + share(covered, measured.all);
  } else {
    found.textContent = "";
  }
  graph.hits = hits;
  graph.draw();
  table.show(measured, hits);
}

function toggle(id, then) {
  byId(id).addEventListener("click", () => {
    byId(id).setAttribute("aria-pressed", String(!pressed(id)));
    then();
  });
}

byId("title").textContent = profile.title;
profile.types.forEach((t, i) => {
  const option = element("option", t.type + " (" + t.unit + ")");
  option.value = i;
  byId("type").append(option);
});
byId("type").value = profile.selected;
byId("type").addEventListener("change", chooseType);
byId("search").addEventListener("input", find);
byId("reset").addEventListener("click", () => graph.reset());
toggle("inverted", show);
toggle("icicle", () => {
  graph.icicle = pressed("icicle");
  graph.layout();
  graph.home();
});
byId("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  graph.draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => graph.draw());
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const typing = e.target === byId("search");
  if (e.key === "Escape") {
    if (typing && byId("search").value !== "") {
      byId("search").value = "";
      find();
    } else {
      graph.reset();
    }
    byId("canvas").focus();
  } else if (!typing && e.key === "/") {
    byId("search").focus();
  } else if (!typing && e.target.tagName !== "SELECT" && (e.key === "i" || e.key === "r")) {
    byId(e.key === "i" ? "icicle" : "inverted").click();
  } else {
    return;
  }
  e.preventDefault();
});
chooseType();
document.documentElement.dataset.ready = "true";

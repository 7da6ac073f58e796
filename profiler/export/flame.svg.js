"use strict";
(function () {
  const svg = document.documentElement;
  const frames = document.getElementById("frames");
  const reset = document.getElementById("reset");
  const search = document.getElementById("search");
  const details = document.getElementById("details");
  const matched = document.getElementById("matched");
  const letter = 7.25, pad = 10, full = svg.viewBox.baseVal.width - 2 * pad;

  // A box for each frame: where it was drawn, and its colour.
  const boxes = Array.from(frames.children, (g) => {
    const [title, rect, text] = g.children;
    return {
      g, rect, text, name: g.dataset.name, info: title.textContent, fill: rect.getAttribute("fill"),
      x: Number(rect.getAttribute("x")), y: Number(rect.getAttribute("y")), width: Number(rect.getAttribute("width")),
    };
  });
  const byElement = new Map(boxes.map((b) => [b.g, b]));
  const slack = 0.02; // places have two digits

  function place(b, x, width) {
    b.rect.setAttribute("x", x.toFixed(2));
    b.rect.setAttribute("width", Math.max(0, width).toFixed(2));
    b.text.setAttribute("x", (x + 3).toFixed(2));
    const room = Math.floor((width - 6) / letter), runes = Array.from(b.name);
    b.text.textContent = room < 3 ? "" : runes.length <= room ? b.name : runes.slice(0, room - 2).join("") + "..";
  }

  function zoom(to) {
    const scale = full / Math.max(to.width, slack), end = to.x + to.width;
    for (const b of boxes) {
      const caller = b.y > to.y && b.x <= to.x + slack && b.x + b.width >= end - slack;
      const inside = b.y <= to.y && b.x >= to.x - slack && b.x + b.width <= end + slack;
      b.g.classList.toggle("hide", !caller && !inside);
      b.g.classList.toggle("parent", caller);
      if (caller) place(b, pad, full);
      else if (inside) place(b, pad + (b.x - to.x) * scale, b.width * scale);
    }
    reset.classList.toggle("hide", to === boxes[0]);
    svg.dataset.zoom = to.name;
  }

  function unzoom() {
    for (const b of boxes) {
      b.g.classList.remove("hide", "parent");
      place(b, b.x, b.width);
    }
    reset.classList.add("hide");
    delete svg.dataset.zoom;
  }

  // mark colours the functions whose names have the term in them, or match it as a
  // regular expression where it is one, and says how much of the width they are.
  function mark(term) {
    let test = (name) => name.toLowerCase().includes(term.toLowerCase());
    try {
      const expression = new RegExp(term, "i");
      test = (name) => expression.test(name);
    } catch { /* it is a plain text then */ }
    const spans = [];
    for (const b of boxes) {
      const hit = term !== "" && b !== boxes[0] && test(b.name);
      b.rect.setAttribute("fill", hit ? "#e600e6" : b.fill);
      if (hit) spans.push([b.x, b.x + b.width]);
    }
    spans.sort((a, b) => a[0] - b[0]);
    let covered = 0, until = -1;
    for (const [from, to] of spans) {
      covered += Math.max(0, to - Math.max(from, until));
      until = Math.max(until, to);
    }
    search.textContent = term === "" ? "Search" : "Reset Search";
    svg.dataset.matches = String(spans.length);
    matched.textContent = term === "" ? " " : "Matched: " + (100 * covered / full).toFixed(1) + "% in " + spans.length + " calls";
  }

  let marked = false;
  function toggleSearch() {
    if (marked) {
      mark("");
      marked = false;
      return;
    }
    const term = window.prompt("Search for functions, by a part of the name or a regular expression:");
    if (term) {
      mark(term);
      marked = true;
    }
  }

  const boxOf = (e) => { const g = e.target.closest && e.target.closest(".frame"); return g && byElement.get(g); };
  svg.addEventListener("click", (e) => {
    const b = boxOf(e);
    if (b) zoom(b);
    else if (e.target === reset) unzoom();
    else if (e.target === search) toggleSearch();
  });
  svg.addEventListener("mouseover", (e) => { const b = boxOf(e); details.textContent = b ? b.info : " "; });
  svg.addEventListener("focusin", (e) => { const b = boxOf(e); if (b) details.textContent = b.info; });
  window.addEventListener("keydown", (e) => {
    if (e.key === "F3" || ((e.ctrlKey || e.metaKey) && e.key === "f")) {
      e.preventDefault();
      toggleSearch();
    } else if (e.key === "Escape") {
      unzoom();
    } else if (e.key === "Enter" || e.key === " ") {
      const b = boxOf(e);
      if (b) zoom(b);
      else if (e.target === reset) unzoom();
      else if (e.target === search) toggleSearch();
      else return;
      e.preventDefault();
    }
  });
  for (const b of boxes) b.g.setAttribute("tabindex", "0");
})();

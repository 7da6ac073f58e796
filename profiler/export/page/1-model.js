"use strict";
// The profile as the page has it: trees of calls, and tables of functions and lines.

const profile = JSON.parse(document.getElementById("profile").textContent);
const byId = (id) => document.getElementById(id);

// nodes are in preorder, the root first.
const nodes = (() => {
  const n = profile.up.length;
  const parent = new Int32Array(n), frame = new Int32Array(n), next = new Int32Array(n), depth = new Int32Array(n);
  parent[0] = -1;
  for (let i = 1; i < n; i++) {
    parent[i] = i - profile.up[i];
    frame[i] = profile.frames[i];
    depth[i] = depth[parent[i]] + 1;
  }
  // next is the first node behind those below a node.
  next.fill(n);
  const last = new Int32Array(n).fill(-1); // the last callee seen of each
  for (let i = 1; i < n; i++) {
    const p = parent[i];
    if (last[p] >= 0) next[last[p]] = i;
    last[p] = i;
  }
  for (let i = 1; i < n; i++) {
    if (last[parent[i]] === i) next[i] = next[parent[i]];
  }
  return { n, parent, frame, next, depth };
})();

const functionOf = (frame) => frame >> 1;
const inlined = (frame) => (frame & 1) === 1;

// unpack undoes how values are written: pairs of a distance to the next node and a value.
function unpack(pairs) {
  const all = new Float64Array(nodes.n);
  for (let i = 0, at = 0; i < pairs.length; i += 2) {
    at += pairs[i];
    all[at] = pairs[i + 1];
  }
  return all;
}

function sum(self) {
  const total = self.slice();
  for (let i = nodes.n - 1; i > 0; i--) total[nodes.parent[i]] += total[i];
  return total;
}

// measured is what a type of values says of each node and each function. weight is what
// widths follow: of a difference, the values and its base's together.
function measure(type) {
  const self = unpack(profile.values[type]), total = sum(self);
  const m = { type, unit: profile.types[type].unit, self, total, weight: total, selfWeight: self, base: null, baseSelf: null };
  if (profile.base) {
    m.baseSelf = unpack(profile.base[type]);
    m.base = sum(m.baseSelf);
    m.weight = total.map((v, i) => v + m.base[i]);
    m.selfWeight = self.map((v, i) => v + m.baseSelf[i]);
  }
  m.all = m.weight[0];
  m.functions = functionSums(m);
  return m;
}

// functionSums adds up what functions took; one that calls itself counts once.
function functionSums(m) {
  const n = profile.functions.name.length;
  const f = { self: new Float64Array(n), total: new Float64Array(n), baseSelf: new Float64Array(n), baseTotal: new Float64Array(n) };
  const open = new Int32Array(n), stack = [];
  for (let i = 1; i < nodes.n; i++) {
    while (stack.length && nodes.next[stack[stack.length - 1]] <= i) open[functionOf(nodes.frame[stack.pop()])]--;
    const fn = functionOf(nodes.frame[i]);
    f.self[fn] += m.self[i];
    if (m.base) f.baseSelf[fn] += m.baseSelf[i];
    if (open[fn]++ === 0) {
      f.total[fn] += m.total[i];
      if (m.base) f.baseTotal[fn] += m.base[i];
    }
    stack.push(i);
  }
  return f;
}

// A call of the graph that is drawn is an object, made when it is first needed: it has
// frame (-1 for the root), value, base, weight, self, parent, depth and calls().

function forwardRoot(m) {
  const make = (i, parent) => ({
    frame: i === 0 ? -1 : nodes.frame[i], value: m.total[i], base: m.base ? m.base[i] : 0, weight: m.weight[i], self: m.self[i],
    parent, depth: parent ? parent.depth + 1 : 0, made: null,
    calls() {
      if (!this.made) {
        this.made = [];
        for (let c = i + 1; c < nodes.next[i]; c = nodes.next[c]) if (m.weight[c] > 0) this.made.push(make(c, this));
      }
      return this.made;
    },
  });
  return make(0, null);
}

// Reversed stacks begin at the functions in which something was measured. A call holds
// the nodes that it stands for (at) and those that were measured (from).
function reversedRoot(m) {
  const make = (frame, at, from, parent) => {
    let value = 0, base = 0;
    for (const i of from) {
      value += m.self[i];
      if (m.base) base += m.baseSelf[i];
    }
    return {
      frame, value, base, weight: value + base, self: parent && parent.parent === null ? value : 0,
      parent, depth: parent ? parent.depth + 1 : 0, made: null,
      calls() {
        if (!this.made) this.made = group(this, at, from, make);
        return this.made;
      },
    };
  };
  const all = [];
  for (let i = 0; i < nodes.n; i++) if (m.selfWeight[i] > 0) all.push(i);
  return make(-1, null, all, null);
}

function group(call, at, from, make) {
  const groups = new Map();
  for (let k = 0; k < from.length; k++) {
    const i = at ? nodes.parent[at[k]] : from[k];
    if (i <= 0) continue;
    let g = groups.get(nodes.frame[i]);
    if (!g) groups.set(nodes.frame[i], (g = { at: [], from: [] }));
    g.at.push(i);
    g.from.push(from[k]);
  }
  return [...groups.keys()].sort((a, b) => a - b).map((f) => make(f, groups.get(f).at, groups.get(f).from, call));
}

const nameOf = (call) => (call.frame < 0 ? "all" : profile.functions.name[functionOf(call.frame)]);

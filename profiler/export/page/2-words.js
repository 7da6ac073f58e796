// Amounts in words.

const steps = {
  nanoseconds: [1000, ["ns", "µs", "ms", "s"]],
  microseconds: [1000, ["µs", "ms", "s"]],
  milliseconds: [1000, ["ms", "s"]],
  seconds: [1000, ["s"]],
  bytes: [1024, ["B", "KiB", "MiB", "GiB", "TiB"]],
};

function amount(v, unit) {
  const sign = v < 0 ? "-" : "";
  let f = Math.abs(v);
  if (!Object.hasOwn(steps, unit)) return sign + f.toLocaleString("en");
  const [step, units] = steps[unit];
  let i = 0;
  for (; f >= step && i < units.length - 1; i++) f /= step;
  const digits = i === 0 && Number.isInteger(f) ? 0 : f >= 100 ? 1 : 2;
  return sign + f.toFixed(digits) + " " + units[i];
}

const share = (part, whole) => (whole === 0 ? "0%" : ((100 * part) / whole).toFixed(2) + "%");
const signed = (v, unit) => (v < 0 ? "" : "+") + amount(v, unit);

// measureText says what a call or function took; of a difference, both and what is between.
function measureText(m, value, base) {
  if (!m.base) return amount(value, m.unit) + ", " + share(value, m.total[0]);
  return amount(value, m.unit) + ", base " + amount(base, m.unit) + ", " + signed(value - base, m.unit);
}

function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

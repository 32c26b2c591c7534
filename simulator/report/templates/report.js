// One view (a span of the run) and one cursor, shared by the lanes and every chart. Times are seconds from the run's
// start. Nothing here makes HTML out of text, and nothing leaves the page.
(() => {
  "use strict";

  const data = JSON.parse(document.getElementById("data").textContent);
  const whole = { min: data.start, max: data.end };
  const shortest = Math.max((whole.max - whole.min) / 500, 0.5);
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
  const lanes = document.querySelector("[data-lanes]");
  const track = lanes.querySelector("[data-ticks]");
  const cursorLine = lanes.querySelector(".cursor");
  const tip = lanes.querySelector(".tip");
  const said = document.querySelector("[data-said]");
  const charts = new Map(); // plot element -> uPlot
  let view = { ...whole };
  let cursor = null;
  let moving = false; // while we move the charts' cursors ourselves

  const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // +2m30s, as everywhere in crybsim
  function offset(seconds, digits = 0) {
    const sign = seconds < 0 ? "-" : "+";
    let rest = Math.round(Math.abs(seconds) * 10 ** digits) / 10 ** digits;
    let text = "";
    for (const [unit, size] of [["d", 86400], ["h", 3600], ["m", 60]]) {
      if (rest >= size) {
        text += Math.floor(rest / size) + unit;
        rest %= size;
      }
    }
    if (rest > 0 || !text) text += Number(rest.toFixed(digits)) + "s";
    return sign + text;
  }

  function clock(seconds) {
    return new Date(data.startedMs + seconds * 1000).toISOString().slice(11, 19) + " UTC";
  }

  function value(number) {
    if (number === null || number === undefined) return "–";
    const size = Math.abs(number);
    if (size >= 1e15 || (size > 0 && size < 1e-4)) return number.toExponential(2);
    return size >= 1000 ? Math.round(number).toLocaleString("en") : String(Number(number.toPrecision(4)));
  }

  function ticks(width) {
    const most = Math.max(Math.floor(width / 76), 2);
    const span = view.max - view.min;
    const step = steps.find((candidate) => span / candidate <= most) || Math.ceil(span / most / 604800) * 604800;
    const found = [];
    for (let at = Math.ceil(view.min / step) * step; at <= view.max + 1e-9; at += step) found.push(at);
    return found;
  }

  // ---- the lanes

  const share = (seconds) => ((seconds - view.min) / (view.max - view.min)) * 100;

  function drawLanes() {
    for (const bar of lanes.querySelectorAll("[data-from]")) {
      const from = share(Number(bar.dataset.from));
      bar.setAttribute("x", `${from}%`);
      bar.setAttribute("width", `${Math.max(share(Number(bar.dataset.to)) - from, 0.15)}%`);
    }
    for (const mark of lanes.querySelectorAll("[data-at]")) mark.setAttribute("x", `${share(Number(mark.dataset.at))}%`);
    const make = (name, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, text] of Object.entries(attributes)) element.setAttribute(key, text);
      return element;
    };
    const { left, width } = box();
    shades.forEach((shade, place) => {
      const [from, to] = data.faults[place].map((at) => Math.min(Math.max(share(at), 0), 100));
      shade.style.left = `${left + (from / 100) * width}px`;
      shade.style.width = `${((to - from) / 100) * width}px`;
    });
    track.replaceChildren();
    for (const at of ticks(track.clientWidth)) {
      const x = share(at);
      const anchor = x < 4 ? "start" : x > 96 ? "end" : "middle";
      const text = make("text", { x: `${x}%`, y: 17, "text-anchor": anchor });
      text.textContent = offset(at);
      track.append(make("line", { x1: `${x}%`, x2: `${x}%`, y1: 0, y2: 4 }), text);
    }
  }

  const shades = data.faults.map(() => {
    const shade = document.createElement("div");
    shade.className = "shade";
    lanes.prepend(shade);
    return shade;
  });

  const box = () => {
    const outer = lanes.getBoundingClientRect();
    const inner = track.getBoundingClientRect();
    return { left: inner.left - outer.left, width: inner.width, page: inner.left };
  };

  function happeningAt(seconds) {
    const near = ((view.max - view.min) / Math.max(track.clientWidth, 1)) * 7;
    const lines = [];
    for (const bar of lanes.querySelectorAll("[data-from]")) {
      if (seconds >= Number(bar.dataset.from) && seconds < Number(bar.dataset.to)) {
        const state = bar.classList[1];
        lines.push(state === "fault" ? `fault ${bar.dataset.name}` : `${bar.dataset.name} ${state}`);
      }
    }
    for (const mark of lanes.querySelectorAll("[data-at]")) {
      if (Math.abs(seconds - Number(mark.dataset.at)) <= near) lines.push(mark.dataset.text);
    }
    const load = data.charts.load;
    if (load) {
      const row = nearest(load.x, seconds);
      if (row >= 0) lines.push(`load ${value(load.y[0][row])}/s, failing ${value(load.y[1][row])}/s`);
    }
    return lines.slice(0, 12);
  }

  function nearest(x, seconds) {
    let best = -1;
    for (let row = 0; row < x.length; row++) {
      if (best < 0 || Math.abs(x[row] - seconds) < Math.abs(x[best] - seconds)) best = row;
    }
    return best;
  }

  function drawCursor(withTip, pageY) {
    const seen = cursor !== null && cursor >= view.min && cursor <= view.max;
    cursorLine.hidden = !seen;
    tip.hidden = !(seen && withTip);
    if (!seen) return;
    const { left, width } = box();
    const x = left + (share(cursor) / 100) * width;
    cursorLine.style.left = `${x}px`;
    if (!withTip) return;
    const head = document.createElement("b");
    head.textContent = `${offset(cursor, view.max - view.min < 600 ? 1 : 0)} · ${clock(cursor)}`;
    const rows = happeningAt(cursor).map((text) => {
      const row = document.createElement("span");
      row.textContent = text;
      return row;
    });
    tip.replaceChildren(head, ...rows);
    const room = lanes.clientWidth - x;
    const wide = tip.offsetWidth + 12;
    tip.style.left = `${room > wide ? x + 12 : Math.max(x - wide, 0)}px`;
    const height = pageY === undefined ? 0 : pageY - lanes.getBoundingClientRect().top + 18;
    tip.style.top = `${height}px`;
  }

  // ---- the charts

  function plugins(chart) {
    const x = (u, seconds) => u.valToPos(seconds, "x", true);
    return {
      hooks: {
        drawClear: (u) => {
          const { left, top, width, height } = u.bbox;
          u.ctx.save();
          u.ctx.fillStyle = tone("--fault-bg");
          for (const [from, to] of data.faults) {
            const start = Math.max(x(u, from), left);
            const end = Math.min(x(u, to), left + width);
            if (end > start) u.ctx.fillRect(start, top, end - start, height);
          }
          u.ctx.restore();
        },
        draw: (u) => {
          const { left, top, width, height } = u.bbox;
          for (const [from, to, state] of chart.episodes) {
            const start = Math.max(x(u, from), left);
            const end = Math.min(x(u, to), left + width);
            const tall = (state === "firing" ? 8 : 4) * devicePixelRatio;
            u.ctx.fillStyle = tone(`--${state}`);
            if (end > start) u.ctx.fillRect(start, top - 10 * devicePixelRatio + (8 * devicePixelRatio - tall) / 2, end - start, tall);
          }
          if (chart.threshold === null) return;
          const y = u.valToPos(chart.threshold, "y", true);
          if (y < top - 1 || y > top + height + 1) return;
          u.ctx.save();
          u.ctx.strokeStyle = tone("--firing");
          u.ctx.lineWidth = 1.5 * devicePixelRatio;
          u.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
          u.ctx.beginPath();
          u.ctx.moveTo(left, y);
          u.ctx.lineTo(left + width, y);
          u.ctx.stroke();
          u.ctx.restore();
        },
        setSelect: (u) => {
          if (u.select.width < 6) return;
          const from = u.posToVal(u.select.left, "x");
          const to = u.posToVal(u.select.left + u.select.width, "x");
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          show(from, to);
        },
        setCursor: (u) => {
          const list = document.querySelectorAll(`[data-legend="${u.root.parentElement.dataset.chart}"] output`);
          const row = u.cursor.idx;
          list.forEach((output, line) => {
            output.textContent = row === null || row === undefined ? "" : value(u.data[line + 1][row]);
          });
          if (moving) return;
          pointAt(u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x"), u);
        },
      },
    };
  }

  // The threshold is always in sight, and a flat line is not at the edge.
  function reach(chart) {
    return (u, low, high) => {
      let min = low ?? 0;
      let max = high ?? 1;
      if (chart.threshold !== null) {
        min = Math.min(min, chart.threshold);
        max = Math.max(max, chart.threshold);
      }
      if (min > 0 && min < max * 0.6) min = 0;
      const pad = (max - min || Math.abs(max) || 1) * 0.08;
      return [min === 0 ? 0 : min - pad, max + pad];
    };
  }

  function plot(element) {
    const chart = data.charts[element.dataset.chart];
    const inLine = element.closest(".in-line");
    const narrow = lanes.clientWidth < 480;
    const axis = (extra) => ({
      stroke: () => tone("--soft"),
      grid: { stroke: () => tone("--hair"), width: 1 },
      ticks: { stroke: () => tone("--edge"), width: 1, size: 4 },
      font: `${narrow ? 11 : 12}px system-ui, sans-serif`,
      ...extra,
    });
    const u = new uPlot(
      {
        width: element.clientWidth || 300,
        height: inLine ? 170 : 210,
        padding: [chart.episodes.length ? 14 : 8, narrow ? 14 : 24, 0, 0],
        legend: { show: false },
        focus: { alpha: 1 },
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false, dist: 6 },
          bind: { dblclick: () => () => show(whole.min, whole.max) },
        },
        scales: { x: { time: false, range: () => [view.min, view.max] }, y: { range: reach(chart) } },
        axes: [
          axis({ splits: (self) => ticks(self.bbox.width / devicePixelRatio), values: (self, at) => at.map((s) => offset(s)), size: 26 }),
          axis({
            size: () => (inLine ? box().left : narrow ? 40 : 58), // so that the load stands under the lanes
            values: (self, at) => at.map((number) => value(number) + (chart.unit === "×" ? "×" : "")),
          }),
        ],
        series: [
          {},
          ...chart.y.map((_, line) => ({
            stroke: () => tone(chart.dashed[line] ? "--c7" : `--c${line % 8}`),
            width: 2,
            dash: chart.dashed[line] ? [5, 4] : undefined,
            points: { show: (self) => chart.x.length < 90 && self.bbox.width / devicePixelRatio / chart.x.length > 8, size: 5 },
          })),
        ],
        plugins: [plugins(chart)],
      },
      [chart.x, ...chart.y],
      element,
    );
    charts.set(element, u);
    u.over.addEventListener("mouseleave", () => pointAt(null, u));
    return u;
  }

  const isOpen = (element) => element.closest("details:not([open])") === null;

  function plotVisible() {
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (!charts.has(element) && isOpen(element)) plot(element);
    }
  }

  // ---- one view, one cursor

  function show(from, to) {
    const span = Math.min(Math.max(to - from, shortest), whole.max - whole.min);
    const min = Math.min(Math.max((from + to - span) / 2, whole.min), whole.max - span);
    view = { min, max: min + span };
    drawLanes();
    drawCursor(false);
    for (const u of charts.values()) u.setScale("x", { ...view });
    const all = span >= whole.max - whole.min - 1e-6;
    document.querySelector("[data-shown]").textContent = `${offset(view.min)} to ${offset(view.max)}`;
    for (const button of document.querySelectorAll("[data-do]")) {
      const what = button.dataset.do;
      button.disabled =
        (all && what !== "in") || (what === "in" && span <= shortest) ||
        (what === "left" && view.min <= whole.min) || (what === "right" && view.max >= whole.max);
    }
  }

  function zoom(factor, around) {
    const span = view.max - view.min;
    const centre = around ?? (view.min + view.max) / 2;
    const part = (centre - view.min) / span;
    show(centre - part * span * factor, centre + (1 - part) * span * factor);
  }

  function pan(part) {
    const by = (view.max - view.min) * part;
    const span = view.max - view.min;
    const min = Math.min(Math.max(view.min + by, whole.min), whole.max - span);
    show(min, min + span);
  }

  function pointAt(seconds, source, withTip = false, pageY = undefined) {
    cursor = seconds;
    drawCursor(withTip, pageY);
    moving = true;
    for (const u of charts.values()) {
      if (u === source) continue;
      const left = seconds === null ? -10 : u.valToPos(seconds, "x");
      u.setCursor({ left, top: seconds === null ? -10 : 0 });
    }
    moving = false;
  }

  function speak() {
    said.textContent = `${offset(cursor)}: ${happeningAt(cursor).join("; ") || "nothing"}`;
  }

  function act(what) {
    if (what === "in") zoom(0.5, cursor);
    if (what === "out") zoom(2, cursor);
    if (what === "left") pan(-0.5);
    if (what === "right") pan(0.5);
    if (what === "all") show(whole.min, whole.max);
  }

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target !== event.currentTarget) return;
    const step = (view.max - view.min) / 40;
    const key = event.key;
    if (key === "+" || key === "=") act("in");
    else if (key === "-" || key === "_") act("out");
    else if (key === "0" || key === "Escape") act("all");
    else if (event.shiftKey && key === "ArrowLeft") pan(-0.25);
    else if (event.shiftKey && key === "ArrowRight") pan(0.25);
    else if (key === "ArrowLeft" || key === "ArrowRight" || key === "Home" || key === "End") {
      const from = cursor ?? (key === "ArrowLeft" ? view.max : view.min);
      let at = key === "Home" ? view.min : key === "End" ? view.max : from + (key === "ArrowLeft" ? -step : step);
      at = Math.min(Math.max(at, whole.min), whole.max);
      if (at < view.min) pan(-0.25);
      if (at > view.max) pan(0.25);
      pointAt(at, null, event.currentTarget === lanes);
      speak();
    } else return;
    event.preventDefault();
  }

  // ---- pointers on the lanes: hover, drag to zoom; pinch on everything

  const selected = document.createElement("div");
  selected.className = "selected";
  selected.hidden = true;
  lanes.append(selected);
  let dragFrom = null;

  const secondsAt = (clientX) => {
    const { page, width } = box();
    return view.min + (Math.min(Math.max(clientX - page, 0), width) / width) * (view.max - view.min);
  };

  function drawSelected(to) {
    const { left, width } = box();
    const [from, until] = [Math.min(dragFrom, to), Math.max(dragFrom, to)];
    selected.hidden = false;
    selected.style.left = `${left + (share(from) / 100) * width}px`;
    selected.style.width = `${((share(until) - share(from)) / 100) * width}px`;
  }

  lanes.addEventListener("pointermove", (event) => {
    if (fingers.size > 1) return;
    const at = secondsAt(event.clientX);
    if (dragFrom !== null) drawSelected(at);
    pointAt(at, null, true, event.clientY);
  });
  lanes.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.target.closest(".track")) return;
    if (event.pointerType === "mouse") dragFrom = secondsAt(event.clientX);
    else pointAt(secondsAt(event.clientX), null, true, event.clientY);
  });
  addEventListener("pointerup", (event) => {
    if (dragFrom === null) return;
    const to = secondsAt(event.clientX);
    const wide = Math.abs(share(to) - share(dragFrom)) * track.clientWidth > 600; // 6 px, in percent
    if (wide) show(Math.min(dragFrom, to), Math.max(dragFrom, to));
    dragFrom = null;
    selected.hidden = true;
  });
  lanes.addEventListener("pointerleave", () => {
    if (dragFrom === null) pointAt(null, null);
  });
  lanes.addEventListener("dblclick", () => show(whole.min, whole.max));

  const fingers = new Map();
  let pinch = null;
  function onFinger(event) {
    if (event.pointerType !== "touch") return;
    if (event.type === "pointerdown" || (event.type === "pointermove" && fingers.has(event.pointerId))) {
      fingers.set(event.pointerId, event.clientX);
    } else fingers.delete(event.pointerId);
    if (fingers.size !== 2) {
      pinch = null;
      return;
    }
    const [a, b] = [...fingers.values()];
    const apart = Math.max(Math.abs(a - b), 20);
    if (pinch === null) pinch = apart;
    else if (Math.abs(apart - pinch) > 4) {
      zoom(pinch / apart, secondsAt((a + b) / 2));
      pinch = apart;
    }
  }

  // ---- beginning

  for (const element of document.querySelectorAll(".zoomable")) {
    element.addEventListener("keydown", onKey);
    element.addEventListener("blur", () => pointAt(null, null));
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) element.addEventListener(kind, onFinger);
    element.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the wheel alone scrolls the page
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, cursor);
    }, { passive: false });
  }
  for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => act(button.dataset.do));
  for (const element of document.querySelectorAll("details")) element.addEventListener("toggle", plotVisible);
  for (const element of document.querySelectorAll(".wide")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0; // so that the keyboard can scroll it
  }

  function fit() {
    drawLanes();
    drawCursor(false);
    for (const [element, u] of charts) {
      if (isOpen(element) && element.clientWidth !== u.width) u.setSize({ width: element.clientWidth, height: u.height });
    }
  }
  new ResizeObserver(fit).observe(lanes);

  const redraw = () => charts.forEach((u) => u.redraw(false, true));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  // On paper everything is open, light, and no wider than a page.
  let closed = [];
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "";
    closed = [...document.querySelectorAll("details:not([open]):not(.others)")];
    for (const element of closed) element.open = true;
    plotVisible();
    for (const [element, u] of charts) u.setSize({ width: Math.min(element.clientWidth, 660), height: u.height });
    redraw();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.print;
    for (const element of closed) element.open = false;
    fit();
    redraw();
  });

  plotVisible();
  show(whole.min, whole.max);
})();

// An iteration's timeline (timeline_data.h), on a canvas for the screen and as SVG for files and
// paper, by the same drawing functions.

const activityColors = {
  'forward': '#56b4e9', 'backward': '#0072b2', 'backward input': '#0072b2',
  'backward weight': '#8c6bb1', 'send activation': '#e69f00', 'send gradient': '#cc79a7',
  'sync': '#009e73', 'update': '#7f7f7f',
};
const exposedColor = '#d55e00', memoryColor = '#999933', bubbleColor = 'rgba(127,127,127,.22)';

// Pixels: of a row's name, its lanes, its memory and what is between rows.
const rowNames = 18, laneHeights = { compute: 18, send: 8, sync: 8 }, memoryHeight = 34, rowGap = 10;
const axisHeight = 24;
const mostPrintedRows = 64;

class CanvasSurface {
  constructor(canvas, width, height) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = width + 'px';
    canvas.style.height = height + 'px';
    this.context = canvas.getContext('2d');
    this.context.scale(scale, scale);
    const style = getComputedStyle(canvas);
    this.inks = {
      'sx-text': style.getPropertyValue('--text'), 'sx-text sx-faint': style.getPropertyValue('--faint'),
      'sx-grid': style.getPropertyValue('--line'), 'sx-axis': style.getPropertyValue('--faint'),
      'sx-mark': style.getPropertyValue('--text'), 'sx-back': style.getPropertyValue('--back'),
    };
    this.box(0, 0, width, height, 'sx-back');
  }
  rect(x, y, width, height, color) {
    this.context.fillStyle = color;
    this.context.fillRect(x, y, width, height);
  }
  box(x, y, width, height, ink) { this.rect(x, y, width, height, this.inks[ink]); }
  line(x1, y1, x2, y2, ink, dashes) {
    const context = this.context;
    context.strokeStyle = this.inks[ink];
    context.setLineDash(dashes ? [4, 3] : []);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
  text(x, y, text, size, ink, anchor = 'start', color = '') {
    const context = this.context;
    context.font = size + 'px Helvetica, Arial, sans-serif';
    context.fillStyle = color || this.inks[ink];
    context.textAlign = anchor === 'middle' ? 'center' : anchor;
    context.fillText(text, x, y);
  }
}

class SvgSurface {
  constructor(title, width, height) {
    this.svg = this.add(null, 'svg', {
      viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': title });
    this.box(0, 0, width, height, 'sx-back');
  }
  add(parent, name, attributes) {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, typeof value === 'number' ? Math.round(value * 100) / 100 : value);
    }
    if (parent) parent.append(made);
    return made;
  }
  rect(x, y, width, height, fill) { this.add(this.svg, 'rect', { x, y, width, height, fill }); }
  box(x, y, width, height, ink) {
    this.add(this.svg, 'rect', { x, y, width, height, class: ink });
  }
  line(x1, y1, x2, y2, ink, dashes) {
    this.add(this.svg, 'line', Object.assign({ x1, y1, x2, y2, class: ink },
      dashes ? { 'stroke-dasharray': '4 3' } : {}));
  }
  text(x, y, text, size, ink, anchor = 'start', color = '') {
    const made = this.add(this.svg, 'text', Object.assign({
      x, y, class: ink, 'text-anchor': anchor, 'font-size': size },
      color ? { style: 'fill:' + color } : {}));
    made.textContent = text;
  }
}

// Every group's starts and lengths as one list a stream, by start.
function decodeRow(row, data) {
  const lanes = data.streams.map(() => []);
  for (const group of row.groups) {
    let start = 0;
    group.starts.forEach((after, i) => {
      start += after;
      const microbatch = group.microbatches ? group.microbatches[i]
        : group.first === undefined ? -1 : group.first + i;
      lanes[group.stream].push({
        start, end: start + (Array.isArray(group.lasts) ? group.lasts[i] : group.lasts),
        activity: data.activities[group.activity], microbatch, chunk: group.chunk || 0,
      });
    });
  }
  lanes.forEach(lane => lane.sort((a, b) => a.start - b.start));
  const exposed = [];
  for (let i = 0, start = 0; i < row.exposed.length; i += 2) {
    start += row.exposed[i];
    exposed.push({ start, end: start + row.exposed[i + 1], activity: 'exposed' });
  }
  const memory = [];
  for (let i = 0, start = 0, mib = 0; i < row.memory.length; i += 2) {
    start += row.memory[i];
    mib += row.memory[i + 1];
    memory.push({ start, mib });
  }
  const used = data.streams.map((name, s) => ({ name, spans: lanes[s] }))
    .filter(lane => lane.spans.length > 0 || lane.name === 'compute');
  const peak = memory.reduce((most, step) => Math.max(most, step.mib), 0);
  const height = rowNames + used.reduce((sum, lane) => sum + laneHeights[lane.name] + 1, 0) +
    (memory.length > 0 ? memoryHeight + 3 : 0) + rowGap;
  const text = row.name + (row.note ? ': ' + row.note : '') +
    (row.times > 1 ? '  \u00d7' + row.times : '');
  return { text, lanes: used, exposed, memory, peak, capacity: row.capacity_mib, height };
}

// The first element that ends after a time, in a list by time.
function firstAfter(spans, time) {
  let low = 0, high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].end > time) high = middle; else low = middle + 1;
  }
  return low;
}

function timeText(seconds) {
  const size = Math.abs(seconds);
  if (size >= 1 || size === 0) return Number(seconds.toPrecision(6)) + ' s';
  if (size >= 1e-3) return Number((seconds * 1e3).toPrecision(5)) + ' ms';
  return Number((seconds * 1e6).toPrecision(4)) + ' \u00b5s';
}

function gibText(mib) { return (mib / 1024).toFixed(mib < 10240 ? 2 : 1) + ' GiB'; }

// A round step of which a width has room for some.
function tickStep(range, most) {
  const raw = range / most, power = Math.pow(10, Math.floor(Math.log10(raw)));
  return [1, 2, 5, 10].map(m => m * power).find(step => step >= raw);
}

class TimelinePicture {
  constructor(figure, data) {
    this.figure = figure;
    this.data = data;
    this.rows = data.rows.map(row => decodeRow(row, data));
    this.height = this.rows.reduce((sum, row) => sum + row.height, 0);
    this.view = { from: 0, to: data.end };
  }

  seconds(units) { return units * this.data.unit_s; }

  // What the picture's colours mean, as [text, color].
  legend() {
    const used = new Set(this.rows.flatMap(row => row.lanes.flatMap(
      lane => lane.spans.map(span => span.activity))));
    const entries = this.data.activities.filter(name => used.has(name))
      .map(name => [name, activityColors[name]]);
    entries.push(['bubble', bubbleColor], ['exposed communication', exposedColor]);
    if (this.rows.some(row => row.memory.length > 0)) entries.push(['memory', memoryColor]);
    return entries;
  }

  axis(surface, view, left, width, top) {
    const step = tickStep(this.seconds(view.to - view.from), Math.max(2, width / 110));
    for (let n = Math.ceil(this.seconds(view.from) / step - 1e-9); ; ++n) {
      const x = left + (n * step / this.data.unit_s - view.from) / (view.to - view.from) * width;
      if (x > left + width + .5) break;
      surface.line(x, top + axisHeight - 6, x, top + axisHeight, 'sx-axis');
      const room = x > left + width - 30 ? 'end' : x < left + 20 ? 'start' : 'middle';
      surface.text(x, top + axisHeight - 9, timeText(n * step), 11, 'sx-text sx-faint', room);
    }
    surface.line(left, top + axisHeight, left + width, top + axisHeight, 'sx-axis');
  }

  // Spans thinner than a pixel become one of the longest of them.
  spans(surface, spans, view, left, width, y, height, color, names) {
    const scale = width / (view.to - view.from);
    let thin = null;
    const flush = () => {
      if (thin) surface.rect(thin.from, y, Math.max(thin.to - thin.from, .5), height, thin.color);
      thin = null;
    };
    for (let i = firstAfter(spans, view.from); i < spans.length && spans[i].start < view.to; ++i) {
      const span = spans[i];
      const from = left + Math.max(0, (span.start - view.from) * scale);
      const to = left + Math.min(width, (span.end - view.from) * scale);
      if (to - from < 1) {
        if (thin && from < thin.from + 1) {
          thin.to = to;
          if (to - from > thin.most) Object.assign(thin, { most: to - from, color: color(span) });
        } else {
          flush();
          thin = { from, to, most: to - from, color: color(span) };
        }
        continue;
      }
      flush();
      surface.rect(from, y, to - from > 3 ? to - from - .5 : to - from, height, color(span));
      if (names && span.microbatch >= 0 && to - from > 8 + 7 * String(span.microbatch).length) {
        surface.text((from + to) / 2, y + height - 5, String(span.microbatch), 11, 'sx-text',
          'middle', span.activity === 'forward' ? '#1f2328' : '#ffffff');
      }
    }
    flush();
  }

  memory(surface, row, view, left, width, y) {
    const top = row.capacity || row.peak, scale = width / (view.to - view.from);
    const foot = y + memoryHeight, level = mib => Math.min(1, mib / (top || 1)) * (memoryHeight - 2);
    surface.line(left, foot, left + width, foot, 'sx-grid');
    // Steps within a pixel: the highest of them.
    let column = null;
    const flush = () => {
      if (column) {
        // On whole pixels, so that neighbours leave no seam.
        const from = Math.floor(column.x), to = Math.min(left + width, Math.ceil(column.to));
        surface.rect(from, foot - level(column.mib), to - from, level(column.mib),
          column.mib > top ? exposedColor : memoryColor);
      }
    };
    row.memory.forEach((step, i) => {
      const until = i + 1 < row.memory.length ? row.memory[i + 1].start : this.data.end;
      if (until < view.from || step.start > view.to) return;
      const x = left + Math.max(0, (step.start - view.from) * scale);
      const to = left + Math.min(width, (until - view.from) * scale);
      if (column && x < column.x + 1) {
        column.mib = Math.max(column.mib, step.mib);
        column.to = Math.max(column.to, to);
        return;
      }
      flush();
      column = { x, to: Math.max(to, x + .5), mib: step.mib };
    });
    flush();
    if (row.capacity) surface.line(left, y + 2, left + width, y + 2, 'sx-mark', true);
    const text = row.capacity
      ? `memory: at most ${gibText(row.peak)} of ${gibText(row.capacity)}`
      : `memory: at most ${gibText(row.peak)}`;
    surface.text(left + 4, y + 13, text, 11, 'sx-text');
  }

  row(surface, row, view, left, width, top) {
    surface.text(left, top + 13, row.text, 12, 'sx-text');
    let y = top + rowNames;
    for (const lane of row.lanes) {
      const height = laneHeights[lane.name];
      if (lane.name === 'compute') {
        const scale = width / (view.to - view.from);
        const end = Math.min(width, (this.data.end - view.from) * scale);
        surface.rect(left, y, end, height, bubbleColor);
        this.spans(surface, row.exposed, view, left, width, y, height, () => exposedColor, false);
      }
      this.spans(surface, lane.spans, view, left, width, y, height,
        span => activityColors[span.activity], lane.name === 'compute');
      y += height + 1;
    }
    if (row.memory.length > 0) this.memory(surface, row, view, left, width, y + 2);
  }

  // A picture of its own: of a window of time, and of rows from one to another.
  svg(view, width, firstRow, endRow) {
    const margin = 16, title = this.figure.dataset.name;
    const rows = this.rows.slice(firstRow, endRow);
    const legendColumns = Math.floor((width - 2 * margin) / 160), legend = this.legend();
    const legendHeight = Math.ceil(legend.length / legendColumns) * 18;
    const remarks = [`Evidence: ${this.data.evidence}.`, this.data.caption].filter(text => text);
    const height = margin + 22 + legendHeight + axisHeight + 6 +
      rows.reduce((sum, row) => sum + row.height, 0) + 16 * remarks.length + margin;
    const surface = new SvgSurface(title, width, height);
    surface.text(margin, margin + 14, title, 15, 'sx-text');
    legend.forEach(([text, color], i) => {
      const x = margin + i % legendColumns * 160, y = margin + 26 + Math.floor(i / legendColumns) * 18;
      surface.rect(x, y, 12, 12, color);
      surface.text(x + 17, y + 10.5, text, 12, 'sx-text');
    });
    let y = margin + 22 + legendHeight;
    this.axis(surface, view, margin, width - 2 * margin, y);
    y += axisHeight + 6;
    for (const row of rows) {
      this.row(surface, row, view, margin, width - 2 * margin, y);
      y += row.height;
    }
    remarks.forEach((text, i) => surface.text(margin, y + 16 * (i + 1), text, 10.5, 'sx-text sx-faint'));
    return surface.svg;
  }

  printed() {
    const box = element('div', { className: 'print-only' });
    const end = Math.min(this.rows.length, mostPrintedRows), whole = { from: 0, to: this.data.end };
    for (let first = 0; first < end;) {
      let next = first, height = 0;
      while (next < end && (next === first || height + this.rows[next].height < 1150)) {
        height += this.rows[next++].height;
      }
      box.append(this.svg(whole, 1000, first, next));
      first = next;
    }
    if (end < this.rows.length) {
      box.append(element('p', { textContent: `${this.rows.length - end} more rows are not printed.` }));
    }
    return box;
  }

  // What is at a place of the picture, for people.
  described(time, y) {
    const clock = units => timeText(this.seconds(units));
    let top = 0;
    for (const row of this.rows) {
      if (y < top + row.height) {
        let lane = top + rowNames;
        const memory = row.memory.filter(step => step.start <= time).pop();
        const held = memory ? `\nmemory ${gibText(memory.mib)}` +
          (row.capacity ? ` of ${gibText(row.capacity)}` : '') : '';
        for (const { name, spans } of row.lanes) {
          if (y < lane + laneHeights[name] + 1) {
            const at = list => { const found = list[firstAfter(list, time)];
              return found && found.start <= time ? found : null; };
            let span = at(spans), text = span && span.activity;
            if (span && span.microbatch >= 0) text += ` of microbatch ${span.microbatch}`;
            if (span && span.chunk > 0) text += `, chunk ${span.chunk}`;
            if (!span && name === 'compute') {
              span = at(row.exposed);
              text = span ? 'exposed communication' : 'bubble';
            }
            if (span) {
              text += `\n${clock(span.start)} to ${clock(span.end)} (${clock(span.end - span.start)})`;
            }
            return `${row.text}\n${text || name + ': nothing'}${held}`;
          }
          lane += laneHeights[name] + 1;
        }
        return `${row.text}\n${clock(time)}${held}`;
      }
      top += row.height;
    }
    return '';
  }
}

// The picture on the screen and what the reader can do with it.
class TimelineView {
  constructor(figure, data) {
    this.figure = figure;
    this.picture = new TimelinePicture(figure, data);
    this.view = this.picture.view;
    this.canvas = element('canvas', {});
    this.inner = element('div', {}, this.canvas);
    this.box = element('div', { className: 'timeline', tabIndex: 0 }, this.inner);
    this.box.setAttribute('role', 'application');
    this.box.setAttribute('aria-label', `${figure.dataset.name}: a timeline; plus and minus zoom, ` +
      'arrow keys move, Home shows all');
    this.tip = element('div', { className: 'tip', hidden: true });
    const legend = element('p', { className: 'legend' }, ...this.picture.legend().map(
      ([text, color]) => {
        const swatch = element('i', {});
        swatch.style.background = color;
        return element('span', {}, swatch, text);
      }));
    const remarks = element('p', { className: 'remarks', textContent:
      [`Evidence: ${data.evidence}.`, data.caption,
        'Drag to move; Ctrl and the wheel, a pinch, or + and - zoom (the wheel alone after a click).']
        .filter(text => text).join(' ') });
    figure.append(legend, this.box, remarks, this.tip);
    this.inner.style.height = axisHeight + 6 + this.picture.height + 'px';
    this.pointers = new Map();
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  buttons(caption) {
    addButton(caption, 'Zoom in', () => this.zoom(.5, .5));
    addButton(caption, 'Zoom out', () => this.zoom(.5, 2));
    addButton(caption, 'Show all', () => this.show(0, this.picture.data.end));
  }

  show(from, to) {
    const end = this.picture.data.end, width = Math.min(end, Math.max(to - from, 20));
    this.view.from = Math.max(0, Math.min(from, end - width));
    this.view.to = this.view.from + width;
    if (!this.waiting) {
      this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
    }
    this.figure.dataset.from = this.picture.seconds(this.view.from);
    this.figure.dataset.to = this.picture.seconds(this.view.to);
  }

  // `part`: where between left and right time stands still.
  zoom(part, factor) {
    const width = this.view.to - this.view.from, at = this.view.from + part * width;
    this.show(at - part * width * factor, at + (1 - part) * width * factor);
  }

  move(part) {
    const by = part * (this.view.to - this.view.from);
    this.show(this.view.from + by, this.view.to + by);
  }

  draw() {
    const width = this.box.clientWidth;
    // As high as can be seen: the canvas sticks to the top while its box scrolls.
    const height = Math.min(this.box.clientHeight || Infinity, axisHeight + 6 + this.picture.height);
    if (width < 2) return;
    this.width = width;
    const surface = new CanvasSurface(this.canvas, width, height);
    let y = axisHeight + 6 - this.box.scrollTop;
    for (const row of this.picture.rows) {
      if (y + row.height > 0 && y < height) {
        this.picture.row(surface, row, this.view, 0, width, y);
      }
      y += row.height;
    }
    surface.box(0, 0, width, axisHeight, 'sx-back');
    this.picture.axis(surface, this.view, 0, width, 0);
  }

  part(event) {
    const box = this.canvas.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  }

  listen() {
    const box = this.box;
    box.addEventListener('scroll', () => this.draw());
    box.addEventListener('wheel', event => {
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        this.move(event.deltaX / this.width);
      } else if (event.ctrlKey || event.metaKey || document.activeElement === box) {
        event.preventDefault();
        this.zoom(this.part(event), Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))));
      }
    }, { passive: false });
    box.addEventListener('keydown', event => {
      const does = { '+': () => this.zoom(.5, .5), '=': () => this.zoom(.5, .5),
        '-': () => this.zoom(.5, 2), 'ArrowLeft': () => this.move(-.2),
        'ArrowRight': () => this.move(.2), 'Home': () => this.show(0, this.picture.data.end),
        '0': () => this.show(0, this.picture.data.end) }[event.key];
      if (does && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        does();
      }
    });
    this.canvas.addEventListener('pointerdown', event => {
      this.canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.part(event));
      box.focus({ preventScroll: true });
    });
    for (const name of ['pointerup', 'pointercancel']) {
      this.canvas.addEventListener(name, event => this.pointers.delete(event.pointerId));
    }
    this.canvas.addEventListener('pointermove', event => this.pointed(event));
    this.canvas.addEventListener('pointerleave', () => { this.tip.hidden = true; });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  pointed(event) {
    const now = this.part(event), before = this.pointers.get(event.pointerId);
    if (before === undefined) {
      this.tell(event, now);
      return;
    }
    const others = Array.from(this.pointers).filter(([id]) => id !== event.pointerId);
    if (others.length > 0) {  // a pinch
      const still = others[0][1];
      this.zoom(still, Math.abs(before - still) / Math.max(.01, Math.abs(now - still)));
    } else {
      this.move(before - now);
    }
    this.pointers.set(event.pointerId, now);
  }

  tell(event, part) {
    const box = this.canvas.getBoundingClientRect();
    const y = event.clientY - box.top - axisHeight - 6;
    const time = this.view.from + part * (this.view.to - this.view.from);
    const text = y < 0 ? '' : this.picture.described(time, y + this.box.scrollTop);
    this.tip.hidden = !text;
    this.tip.textContent = text;
    const figure = this.figure.getBoundingClientRect();
    this.tip.style.left = Math.max(0, Math.min(event.clientX - figure.left + 12,
      figure.width - this.tip.offsetWidth)) + 'px';
    this.tip.style.top = event.clientY - figure.top + 16 + 'px';
  }
}

drawings.timeline = (figure, data) => {
  const view = new TimelineView(figure, data), caption = captionOf(figure);
  view.buttons(caption);
  view.show(0, data.end);
  addEventListener('beforeprint', () => {
    if (!figure.querySelector('.print-only')) figure.append(view.picture.printed());
  });
  return () => view.picture.svg(view.view, 1000, 0, view.picture.rows.length);
};

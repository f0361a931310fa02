'use strict';
// What the reader can do with tables and plots. Text of documents only ever becomes text nodes.

// Functions (figure, data) by the kind that HtmlSection::drawn names; they return a function that
// makes the <svg> to be saved.
const drawings = {};

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// A name of any origin as that of a file.
function fileName(name, ending) {
  return (name.normalize('NFKD').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 80) || 'sextant') + ending;
}

function save(name, type, text) {
  const link = element('a', {
    href: URL.createObjectURL(new Blob([text], { type })),
    download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// The picture for itself: with the style that the page holds once for all.
function standalone(svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const style = document.createElementNS('http://www.w3.org/2000/svg', 'style');
  style.textContent = document.getElementById('chart-style').textContent;
  copy.insertBefore(style, copy.firstChild);
  return new XMLSerializer().serializeToString(copy);
}

function captionOf(figure) {
  const caption = figure.querySelector('figcaption') ||
    figure.insertBefore(document.createElement('figcaption'), figure.firstChild);
  if (!caption.querySelector('.name')) {
    caption.replaceChildren(
      element('span', { className: 'name', textContent: figure.dataset.name }));
  }
  return caption;
}

function addButton(caption, text, does) {
  const button = element('button', { type: 'button', textContent: text });
  button.addEventListener('click', () => does(button));
  caption.append(button);
  return button;
}

function say(button, text) {
  button.dataset.text = button.dataset.text || button.textContent;
  button.textContent = text;
  setTimeout(() => { button.textContent = button.dataset.text; }, 2000);
}

// RFC 4180. Programs for tables take what begins with one of =+-@ for a formula.
function csvCell(cell) {
  let text = cell.dataset.value;
  if (text === undefined) {
    text = cell.textContent.trim();
    if (/^[=+@\t\r]|^-./.test(text) && !isFinite(Number(text))) text = "'" + text;
  }
  return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function csvOf(table) {
  return Array.from(table.rows, row => Array.from(row.cells, csvCell).join(',') + '\r\n').join('');
}

async function copyCsv(figure, button) {
  const text = csvOf(figure.querySelector('table'));
  try {
    await navigator.clipboard.writeText(text);
    say(button, 'Copied');
    return;
  } catch (refused) {
    // Without the right to write there: the text, selected, for the reader to copy.
  }
  let area = figure.querySelector('textarea.csv');
  if (!area) {
    area = element('textarea', { className: 'csv', readOnly: true });
    area.setAttribute('aria-label', 'CSV of ' + figure.dataset.name);
    figure.append(area);
  }
  area.value = text;
  area.focus();
  area.select();
  say(button, 'Selected below');
}

const collator = new Intl.Collator('en', { numeric: true });

// Cells without a value stand last in both directions.
function compareCells(a, b, direction) {
  const x = a.dataset.value, y = b.dataset.value;
  if (x !== undefined && y !== undefined) return direction * (Number(x) - Number(y));
  if (x !== undefined || y !== undefined) return x === undefined ? 1 : -1;
  return direction * collator.compare(a.textContent, b.textContent);
}

function sortBy(table, column, direction) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  rows.sort((a, b) => (direction && compareCells(a.cells[column], b.cells[column], direction)) ||
    a.dataset.row - b.dataset.row);
  body.append(...rows);
}

function makeSortable(table) {
  Array.from(table.tBodies[0].rows).forEach((row, i) => { row.dataset.row = i; });
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    head.setAttribute('aria-sort', 'none');
    const button = element('button', { type: 'button', textContent: head.textContent });
    button.addEventListener('click', () => {
      const next = { none: 'ascending', ascending: 'descending', descending: 'none' }[
        head.getAttribute('aria-sort')];
      heads.forEach(other => other.setAttribute('aria-sort', other === head ? next : 'none'));
      sortBy(table, column, { ascending: 1, descending: -1, none: 0 }[next]);
    });
    head.replaceChildren(button);
  });
}

function addSaveButton(figure, picture) {
  addButton(captionOf(figure), 'Save as SVG', () => save(
    fileName(figure.dataset.name, '.svg'), 'image/svg+xml', standalone(picture())));
}

document.addEventListener('DOMContentLoaded', () => {
  for (const figure of document.querySelectorAll('figure.table')) {
    makeSortable(figure.querySelector('table'));
    addButton(captionOf(figure), 'Copy as CSV', button => copyCsv(figure, button));
  }
  for (const figure of document.querySelectorAll('figure.plot')) {
    const data = figure.querySelector('script[type="application/json"]');
    const picture = data && Object.hasOwn(drawings, figure.dataset.kind)
      ? drawings[figure.dataset.kind](figure, JSON.parse(data.textContent))
      : () => figure.querySelector('svg');
    if (data || picture()) addSaveButton(figure, picture);
  }
});

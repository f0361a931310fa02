"""Opens reports in a headless Chromium as a reader would. Usage: SEXTANT=PROGRAM FILE

Screenshots go to the folder SEXTANT_SCREENSHOTS where that is set.
"""

import csv
import io
import os
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from report_documents import HOSTILE, Documents
from webdriver import Browser, missing_programs

WIDTHS = [400, 1280, 2560]
MOST_BYTES = 3_000_000
# What is asked for is 2 s; a loaded machine is no defect, so that the test allows more.
MOST_OPENING_S = 10

# Of each plot: its name, the sizes that it has on the page, and how much is drawn in it.
PLOTS = '''
return Array.from(document.querySelectorAll('figure.plot'), figure => {
  const svg = figure.querySelector('svg'), canvas = figure.querySelector('canvas');
  const drawn = { name: figure.dataset.name, width: 0, height: 0, marks: 0 };
  if (canvas) {
    const pixels = new Uint32Array(canvas.getContext('2d').getImageData(
      0, 0, canvas.width, canvas.height).data.buffer);
    drawn.width = canvas.width;
    drawn.height = canvas.height;
    drawn.marks = new Set(pixels).size - 1;
  } else if (svg) {
    const box = svg.getBBox();
    drawn.width = box.width;
    drawn.height = box.height;
    drawn.marks = Array.from(svg.querySelectorAll('path, rect, circle, line, polygon, polyline'))
      .filter(mark => mark.getBBox().width + mark.getBBox().height > 0).length - 1;
  }
  return drawn;
});
'''

# The tables as a reader sees them: header, and of each cell its text and its value.
TABLES = '''
return Array.from(document.querySelectorAll('figure.table'), figure => {
  const table = figure.querySelector('table');
  return {
    name: figure.dataset.name,
    head: Array.from(table.tHead.rows[0].cells, cell => cell.textContent),
    rows: Array.from(table.tBodies[0].rows, row => Array.from(row.cells, cell => ({
      text: cell.textContent,
      value: cell.dataset.value === undefined ? null : Number(cell.dataset.value) }))),
  };
});
'''

ROW_TEXTS = '''
return Array.from(document.querySelectorAll('figure.table')[arguments[0]].querySelectorAll('tr'),
                  row => row.textContent);
'''

# The cells of a table's column after each of three clicks on its header.
SORT_COLUMN = '''
const table = document.querySelectorAll('figure.table')[arguments[0]].querySelector('table');
const button = table.tHead.rows[0].cells[arguments[1]].querySelector('button');
const orders = [0, 1, 2].map(() => {
  button.click();
  return Array.from(table.tBodies[0].rows, row => {
    const cell = row.cells[arguments[1]];
    return { text: cell.textContent,
             value: cell.dataset.value === undefined ? null : Number(cell.dataset.value) };
  });
});
return orders;
'''

# Saves every plot; what is saved goes to the page's own list instead of a file.
SAVE_PLOTS = '''
const saved = [];
const make = URL.createObjectURL, click = HTMLAnchorElement.prototype.click;
URL.createObjectURL = blob => { saved.push(blob); return make.call(URL, blob); };
HTMLAnchorElement.prototype.click = () => {};
for (const figure of document.querySelectorAll('figure.plot')) {
  for (const button of figure.querySelectorAll('button')) {
    if (button.textContent.startsWith('Save')) button.click();
  }
}
URL.createObjectURL = make;
HTMLAnchorElement.prototype.click = click;
return Promise.all(saved.map(blob => blob.text()));
'''

# A ratio of luminances (WCAG 2.2, "contrast ratio") of the body's text to its background.
CONTRAST = '''
const style = getComputedStyle(document.body);
const luminance = color => {
  const [r, g, b] = color.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const text = luminance(style.color), back = luminance(style.backgroundColor);
return { back: style.backgroundColor,
         ratio: (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05) };
'''


def setUpModule():
    # One browser and one set of documents for all tests: both take seconds.
    global browser, documents, reports
    folder = unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix='sextant-report-'))
    documents = Documents(os.environ['SEXTANT'], folder)
    reports = {}
    for name, files in {
            'plan': documents.plan(), 'plans': documents.plans(), 'profile': documents.profile(),
            'network': documents.network(), 'placement': documents.placement(),
            'serving': documents.serving(), 'topology': documents.topology(),
            'published': documents.published()}.items():
        if files:
            reports[name] = documents.report(name, *files)
    browser = unittest.enterModuleContext(Browser(folder))


def open_report(page):
    """Opens it with nothing left of the page before; returns its URL."""
    browser.open('about:blank')
    browser.set_width(1280)
    browser.set_media()
    browser.requests()
    browser.log('browser')
    browser.open(page.as_uri())
    return page.as_uri()


def screenshot(name):
    folder = os.environ.get('SEXTANT_SCREENSHOTS')
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        browser.screenshot(os.path.join(folder, name + '.png'))


def is_sorted(cells, descending):
    """By value where a cell has one, those without last."""
    values = [cell['value'] for cell in cells if cell['value'] is not None]
    with_value = [cell['value'] is not None for cell in cells]
    return (values == sorted(values, reverse=descending)
            and with_value == sorted(with_value, reverse=True))


def of_each_report(check):
    """A test that does check(self, name, url) with every report open."""
    def test(self):
        for name, page in reports.items():
            with self.subTest(report=name):
                check(self, name, open_report(page))
    return test


class Report(unittest.TestCase):
    @of_each_report
    def test_asks_for_nothing_and_has_no_errors(self, name, url):
        self.assertEqual(browser.requests(), [url])
        self.assertEqual(browser.log('browser'), [])

    @of_each_report
    def test_draws_every_plot(self, name, url):
        plots = browser.run(PLOTS)
        self.assertGreater(len(plots), 0)
        for plot in plots:
            self.assertGreater(plot['width'], 50, plot)
            self.assertGreater(plot['height'], 50, plot)
            self.assertGreater(plot['marks'], 2, plot)
        screenshot(name)

    @of_each_report
    def test_sorts_tables(self, name, url):
        tables = browser.run(TABLES)
        self.assertGreater(len(tables), 0)
        for t, table in enumerate(tables):
            before = browser.run(ROW_TEXTS, t)
            for c in range(len(table['head'])):
                self.check_sorting(t, c, before)

    def check_sorting(self, t, c, before):
        up, down, _ = browser.run(SORT_COLUMN, t, c)
        self.assertTrue(is_sorted(up, descending=False), up)
        self.assertTrue(is_sorted(down, descending=True), down)
        different = {cell['value'] for cell in up if cell['value'] is not None}
        if len(different or {cell['text'] for cell in up}) > 1:
            self.assertNotEqual(up, down)
        self.assertEqual(browser.run(ROW_TEXTS, t), before, 'the third click restores the order')

    def test_sorts_at_a_click_on_the_header(self):
        open_report(reports['placement'])
        browser.click(browser.find_all('figure.table th button')[0])
        names = [row[0]['text'] for row in browser.run(TABLES)[0]['rows']]
        self.assertEqual(names, sorted(names))

    @of_each_report
    def test_copies_tables_as_csv(self, name, url):
        browser.devtools('Browser.grantPermissions',
                         permissions=['clipboardReadWrite', 'clipboardSanitizedWrite'])
        buttons = [button for button in browser.find_all('figure.table figcaption button')]
        tables = browser.run(TABLES)
        self.assertEqual(len(buttons), len(tables))
        for t, table in enumerate(tables[:3]):
            browser.click(buttons[t])
            text = browser.until('''
                const figure = document.querySelectorAll('figure.table')[arguments[0]];
                const area = figure.querySelector('textarea');
                return area ? area.value : figure.querySelector('figcaption button')
                  .textContent === 'Copied' && navigator.clipboard.readText();''', t)
            rows = list(csv.reader(io.StringIO(text)))
            self.assertEqual(rows[0], table['head'])
            self.assertEqual(len(rows), 1 + len(table['rows']))
            for copied, row in zip(rows[1:], table['rows']):
                for cell, shown in zip(copied, row, strict=True):
                    if shown['value'] is not None:
                        self.assertEqual(float(cell), shown['value'])
                    else:
                        self.assertEqual(cell.removeprefix("'"), shown['text'].strip())

    @of_each_report
    def test_saves_every_plot(self, name, url):
        plots = browser.run("return document.querySelectorAll('figure.plot').length")
        saved = browser.run(SAVE_PLOTS)
        self.assertEqual(len(saved), plots)
        for text in saved:
            root = xml.etree.ElementTree.fromstring(text)
            self.assertEqual(root.tag, '{http://www.w3.org/2000/svg}svg')
            self.assertGreater(len(list(root.iter())), 10)
            self.assertNotIn('var(', text)  # which other readers of SVG fail on

    @of_each_report
    def test_fits_every_width_in_light_dark_and_on_paper(self, name, url):
        backs = {}
        for scheme in ('light', 'dark'):
            browser.set_media('screen', scheme)
            contrast = browser.run(CONTRAST)
            backs[scheme] = contrast['back']
            self.assertGreater(contrast['ratio'], 7)
            for width in WIDTHS:
                browser.set_width(width)
                self.check_width(width)
                screenshot(f'{name}-{scheme}-{width}')
        self.assertNotEqual(backs['light'], backs['dark'])
        browser.set_media('print')
        browser.set_width(794)  # A4 at 96 pixels an inch
        self.check_width(794)
        visible = browser.run('''
            return Array.from(document.querySelectorAll('figcaption button'))
              .filter(button => button.offsetParent !== null).length;''')
        self.assertEqual(visible, 0, 'buttons on paper')
        screenshot(f'{name}-print')

    def check_width(self, width):
        wide = browser.run('return document.documentElement.scrollWidth')
        self.assertLessEqual(wide, width)

    def test_zooms_and_moves_timelines(self):
        open_report(reports['plan'])
        canvas = 'document.querySelector("figure.drawn canvas")'
        browser.until(f'return {canvas} && {canvas}.width > 300')
        browser.run(f'{canvas}.scrollIntoView({{ block: "center" }})')
        pictures = [browser.run(f'return {canvas}.toDataURL()')]

        def expect_another_picture(what):
            pictures.append(browser.until(f'''
                const picture = {canvas}.toDataURL();
                return picture !== arguments[0] && picture;''', pictures[-1]))
            self.assertNotIn(pictures[-1], pictures[:-1], what)

        def click_button(text):
            browser.run('''
                Array.from(document.querySelectorAll('figure.drawn button'))
                  .find(button => button.textContent === arguments[0]).click();''', text)

        click_button('Zoom in')
        expect_another_picture('zoom')
        box = browser.run(f'return {canvas}.getBoundingClientRect().toJSON()')
        place = {'x': box['x'] + box['width'] / 2, 'y': box['y'] + 40}
        browser.devtools('Input.dispatchMouseEvent', type='mouseWheel', **place, deltaX=0,
                         deltaY=-240, modifiers=2)  # with Ctrl
        expect_another_picture('wheel')
        mouse = {'button': 'left', 'buttons': 1, 'clickCount': 1}
        browser.devtools('Input.dispatchMouseEvent', type='mousePressed', **place, **mouse)
        place['x'] -= 150
        browser.devtools('Input.dispatchMouseEvent', type='mouseMoved', **place, **mouse)
        browser.devtools('Input.dispatchMouseEvent', type='mouseReleased', **place, **mouse)
        expect_another_picture('drag')
        self.assertEqual(len(browser.run(SAVE_PLOTS)),
                         browser.run("return document.querySelectorAll('figure.plot').length"))
        click_button('Show all')
        browser.until(f'return {canvas}.toDataURL() === arguments[0]', pictures[0])

    def test_prints_timelines_as_pictures(self):
        open_report(reports['plan'])
        browser.devtools('Page.printToPDF')
        browser.set_media('print')
        drawn = browser.run('''
            return Array.from(document.querySelectorAll('figure.drawn svg'), svg => ({
              width: svg.getBoundingClientRect().width,
              marks: svg.querySelectorAll('rect').length }));''')
        self.assertGreater(len(drawn), 0)
        for picture in drawn:
            self.assertGreater(picture['width'], 300)
            self.assertGreater(picture['marks'], 20)

    def test_keeps_hostile_names_as_text(self):
        page = documents.report('hostile', *documents.hostile())
        url = open_report(page)
        self.assertIsNone(browser.run('return window.hit === undefined ? null : window.hit'))
        self.assertIn(HOSTILE, browser.run('return document.body.textContent'))
        self.assertEqual(browser.run("return document.querySelectorAll('img').length"), 0)
        browser.run('''document.querySelectorAll('button').forEach(button => {
            if (!button.textContent.startsWith('Save')) button.click(); });''')
        for text in browser.run(SAVE_PLOTS):
            xml.etree.ElementTree.fromstring(text)
        self.assertIsNone(browser.run('return window.hit === undefined ? null : window.hit'))
        self.assertEqual(browser.requests(), [url])
        screenshot('hostile')

    def test_opens_the_plan_of_512_gpus_soon(self):
        page = documents.report('large', *documents.plan('large', 64))
        self.assertLess(page.stat().st_size, MOST_BYTES)
        open_report(page)
        opened = browser.until('''
            const canvas = document.querySelector('figure.drawn canvas');
            return canvas && canvas.width > 300 && performance.now() / 1000;''')
        print(f'512 GPUs: {page.stat().st_size / 1e6:.2f} MB, open after {opened:.2f} s')
        self.assertLess(opened, MOST_OPENING_S)
        for plot in browser.run(PLOTS):
            self.assertGreater(plot['marks'], 2, plot)
        screenshot('large')


if __name__ == '__main__':
    missing = missing_programs()
    if missing:
        print(f'not installed: {", ".join(missing)}')
        sys.exit(77)
    unittest.main(verbosity=2)

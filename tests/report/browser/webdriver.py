"""Chromium through chromedriver: as much of the WebDriver protocol (W3C) as the tests need."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

# Members of references to elements (WebDriver, section 12.1).
_ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'


def missing_programs():
    """Names of the programs that are not installed."""
    return [name for name in ('chromium', 'chromedriver') if not shutil.which(name)]


class WebDriverError(Exception):
    """What chromedriver refused, in its words."""


class Browser:
    """A headless Chromium with a profile of its own, for use in a with statement.

    Nothing of it reaches a network: it resolves no names.
    """

    def __init__(self, folder):
        self._folder = folder
        self._driver = None
        self._session = None

    def __enter__(self):
        self._driver = subprocess.Popen(
            ['chromedriver', '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, 'HOME': self._folder})
        for line in self._driver.stdout:
            started = re.search(r'started successfully on port (\d+)', line)
            if started:
                self._address = f'http://127.0.0.1:{started[1]}'
                break
        else:
            raise WebDriverError('chromedriver did not start')
        try:
            self._start_session()
        except Exception:
            self.__exit__()
            raise
        return self

    def _start_session(self):
        options = {
            'args': [
                '--headless=new', '--no-first-run', '--disable-gpu', '--disable-dev-shm-usage',
                '--disable-background-networking', '--disable-component-update', '--disable-sync',
                '--host-resolver-rules=MAP * ~NOTFOUND', '--window-size=1280,900',
                f'--user-data-dir={os.path.join(self._folder, "profile")}',
                # Its sandbox needs rights that containers and root do not give.
                '--no-sandbox',
            ],
            'prefs': {'download.default_directory': self._folder,
                      'download.prompt_for_download': False},
        }
        capabilities = {'browserName': 'chrome', 'goog:chromeOptions': options,
                        'goog:loggingPrefs': {'browser': 'ALL', 'performance': 'ALL'}}
        answer = self._call('POST', '/session', {'capabilities': {'alwaysMatch': capabilities}})
        self._session = f'/session/{answer["sessionId"]}'

    def __exit__(self, *_):
        if self._session:
            try:
                self._call('DELETE', self._session)
            except (OSError, WebDriverError):
                pass
        self._driver.terminate()
        self._driver.wait()
        self._driver.stdout.close()

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            self._address + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)['value']
        except urllib.error.HTTPError as error:
            value = json.load(error)['value']
            raise WebDriverError(f'{value["error"]}: {value["message"]}') from None

    def open(self, url):
        """Returns when the page has loaded."""
        self._call('POST', self._session + '/url', {'url': url})

    def run(self, script, *arguments):
        """What the body of a function of JavaScript returns."""
        return self._call('POST', self._session + '/execute/sync',
                          {'script': script, 'args': list(arguments)})

    def find_all(self, selector):
        found = self._call('POST', self._session + '/elements',
                           {'using': 'css selector', 'value': selector})
        return [element[_ELEMENT] for element in found]

    def click(self, element):
        self._call('POST', f'{self._session}/element/{element}/click', {})

    def devtools(self, command, **parameters):
        """A command of the Chrome DevTools protocol."""
        return self._call('POST', self._session + '/goog/cdp/execute',
                          {'cmd': command, 'params': parameters})

    def log(self, kind):
        """What came since the last call: of 'browser' (the console) or 'performance'."""
        return self._call('POST', self._session + '/se/log', {'type': kind})

    def requests(self):
        """Addresses that were asked for since the last call."""
        addresses = []
        for entry in self.log('performance'):
            message = json.loads(entry['message'])['message']
            if message['method'] == 'Network.requestWillBeSent':
                addresses.append(message['params']['request']['url'])
        return addresses

    def until(self, script, *arguments, seconds=10):
        """Runs a script until it returns something true, and returns that."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise WebDriverError(f'still not so after {seconds} s: {script}')
            time.sleep(0.05)

    def set_width(self, width, height=900):
        """A window of so many CSS pixels, one of them a device pixel."""
        self.devtools('Emulation.setDeviceMetricsOverride', width=width, height=height,
                      deviceScaleFactor=1, mobile=width < 600)

    def set_media(self, media='', scheme='light'):
        """'print' or 'screen', and 'light' or 'dark'."""
        self.devtools('Emulation.setEmulatedMedia', media=media,
                      features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def screenshot(self, path, most_height=6000):
        """The whole page, or its beginning, as PNG."""
        import base64
        size = self.devtools('Page.getLayoutMetrics')['cssContentSize']
        clip = {'x': 0, 'y': 0, 'width': size['width'],
                'height': min(size['height'], most_height), 'scale': 1}
        shot = self.devtools('Page.captureScreenshot', format='png', captureBeyondViewport=True,
                             clip=clip)
        with open(path, 'wb') as file:
            file.write(base64.b64decode(shot['data']))

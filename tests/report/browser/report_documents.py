"""Documents of every kind that reports show, made by sextant itself, and reports of them."""

import json
import os
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
_PROFILES = REPOSITORY / 'profiles'
_SERVING = ['--cluster', _PROFILES / 'clusters/serving-mixed.json', '--model', 'Llama-2-70B']
_TOPOLOGY = ['--network', 'LIBRA-3D', '--model', 'GPT-3-175B', '--gpu', 'H100-80', '--tp', 8,
             '--pp', 8, '--dp', 16, '--microbatches', 32]

# What would run if a page took text for markup: as an element, in an attribute, in a script's data.
HOSTILE = ('<script>window.hit=1</script>"\'><img src=x onerror=window.hit=1>'
           '</script><script>window.hit=1</script><svg/onload=window.hit=1>')

# Members whose text is a document's own choice, and words of them that mean something.
_FREE_TEXT = {'machine', 'from', 'to', 'cluster', 'name', 'workload', 'group', 'network', 'tier',
              'method', 'placement', 'requests', 'constraint', 'zone', 'source', 'sweep', 'reason',
              'note', 'notes', 'interconnect', 'from_zone', 'to_zone'}
_WORDS = {'coordinator', 'process_name', 'process_sort_index', 'thread_name', 'load'}


class Documents:
    """Makes documents in a folder, each once."""

    def __init__(self, program, folder):
        self._program = program
        self._folder = pathlib.Path(folder)

    def path(self, name):
        return self._folder / name

    def sextant(self, *arguments, to=None):
        """Runs sextant; its stdout becomes the file `to`."""
        done = subprocess.run([self._program, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise RuntimeError(f'sextant {" ".join(map(str, arguments))}: {done.stderr}')
        if to:
            self.path(to).write_text(done.stdout)
        return self.path(to) if to else None

    def report(self, name, *documents):
        page = self.path(name + '.html')
        self.sextant('report', *documents, '-o', page)
        return page

    def _training(self, name, nodes=16):
        """A cluster of 8 times as many GPUs as nodes of a type, and a job."""
        cluster = json.loads((_PROFILES / 'clusters/two-types.json').read_text())
        for pool in cluster['pools']:
            pool['nodes'] = nodes
        cluster_file = self.path(f'{name}-cluster.json')
        cluster_file.write_text(json.dumps(cluster))
        return cluster_file, _PROFILES / 'jobs/opt-350m.json'

    def plan(self, name='plan', nodes=16):
        cluster, job = self._training(name, nodes)
        plan = self.path(f'{name}.json')
        self.sextant('plan', '--cluster', cluster, '--job', job, '--no-timing', '-o', plan)
        return [plan, cluster, job]

    def plans(self):
        cluster, job = self._training('plans', 2)
        plans = self.sextant('plan', '--cluster', cluster, '--job', job, '--planner', 'all',
                             '--max-evaluations', 2000, '--no-timing', '--json', to='plans.json')
        pareto = self.sextant('plan', '--cluster', cluster, '--job', job, '--pareto', '--no-timing',
                              '--max-evaluations', 20000, '--json', to='pareto.json')
        return [plans, pareto, cluster, job]

    def profile(self):
        database = self.path('profiles')
        self.sextant('profile', 'estimate', '--gpu', 'A100-40', '--model', 'OPT-350M', '-o',
                     database)
        return sorted(database.rglob('profile.json'))

    def network(self):
        data = REPOSITORY / 'tests/data/network'
        bandwidth = self.path('bandwidth.json')
        summary = self.sextant('network', 'import', data / 'nccl-tests-2.18-all-gather.json', '-o',
                               bandwidth, '--json', to='bandwidth-summary.json')
        comparison = self.sextant('network', 'compare', bandwidth, '--json',
                                  to='network-comparison.json')
        return [bandwidth, summary, comparison]

    def placement(self):
        placement = self.path('placement.json')
        self.sextant('serve', 'place', *_SERVING, '--method', 'swarm', '--no-timing', '-o',
                     placement)
        return [placement, _PROFILES / 'clusters/serving-mixed.json']

    def serving(self):
        results = []
        for scheduler in ('flow', 'shortest-queue'):
            timeline = self.path(f'{scheduler}-timeline.json')
            result = self.sextant(
                'serve', 'simulate', *_SERVING, '--placement', self.placement()[0], '--scheduler',
                scheduler, '--load', 'poisson', '--tokens-per-s', 300, '--duration', 120,
                '--slo-ttft', 10, '--slo-tpot', 1, '--timeline', timeline, '--no-timing', '--json',
                to=f'{scheduler}-result.json')
            results += [result, timeline]
        return results

    def topology(self):
        budget = [*_TOPOLOGY, '--total-gb-per-s', 450, '--target', 'PerfPerCost', '--no-timing',
                  '--json']
        return [
            self.sextant('topo', 'optimize', *budget, to='division.json'),
            self.sextant('topo', 'optimize', *budget, '--front', 12, to='front.json'),
            self.sextant('topo', 'optimize', *budget, '--search', 'shape', to='shapes.json'),
            self.sextant('topo', 'evaluate', *_TOPOLOGY, '--bandwidth', '300,100,50', '--simulate',
                         '--no-timing', '--json', to='evaluation.json'),
            _PROFILES / 'topologies/LIBRA-3D.json']

    def published(self):
        """Nothing without the published data."""
        data = os.environ.get('SEXTANT_DATA')
        if not data:
            return []
        data = pathlib.Path(data)
        runs = self.sextant('reproduce', 'sailor', 'fig6', '--artifact', data / 'sailor',
                            '--no-timing', '--json', to='fig6.json')
        return [
            runs,
            self.sextant('validate', '--from', runs, '--json', to='validation.json'),
            self.sextant('reproduce', 'libra', 'fig12', '--artifact', data / 'libra', '--set',
                         'small', '--no-timing', '--json', to='fig12.json'),
            self.sextant('reproduce', 'libra', 'table6', '--artifact', data / 'libra',
                         '--no-timing', '--json', to='table6.json')]

    def hostile(self):
        """The documents of all kinds, each with text that would run where it were markup."""
        made = []
        documents = [*self.plan('hostile-plan', 2), *self.placement(), *self.serving()[:2],
                     *self.topology(), *self.network(), *self.profile()]
        for number, document in enumerate(documents):
            value = _with_hostile_text(json.loads(pathlib.Path(document).read_text()))
            # The file's own name is shown too.
            made.append(self.path(f'{number}<img src=x onerror=window.hit=1>.json'))
            made[-1].write_text(json.dumps(value))
        return made


def _with_hostile_text(value, key=''):
    if isinstance(value, dict):
        return {name: _with_hostile_text(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_hostile_text(element, key) for element in value]
    if isinstance(value, str) and key in _FREE_TEXT and value not in _WORDS:
        return value + HOSTILE
    return value

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providePeers, type Machine } from '../../scripts/testing/peers.ts';
import { run } from '../../scripts/testing/step.ts';
import { summaryLines } from '../../scripts/testing/summary.ts';
import { surroundings } from '../../scripts/testing/surroundings.ts';
import { countTests } from '../../scripts/testing/vitest-report.ts';
import { peerNames, peerTable, type Peer, type PeerName } from '../interop/peer-table.ts';

function fileOf(name: PeerName): string {
  const peer: Peer = peerTable[name];
  return peer.files[0] ?? '';
}

describe('the count of a test run', () => {
  const file = (status: string, ...tests: string[]) => ({
    name: 'a.test.ts',
    status,
    message: status === 'failed' && tests.length === 0 ? 'no such import' : '',
    assertionResults: tests.map((one) => ({
      status: one,
      title: `${one} test`,
      failureMessages: one === 'failed' ? ['was 3'] : [],
    })),
  });

  test('is what vitest counted', () => {
    const report = {
      numPassedTests: 2,
      numFailedTests: 1,
      testResults: [file('failed', 'passed', 'passed', 'failed')],
    };
    const failures = ['a.test.ts: failed test\nwas 3'];
    expect(countTests(report, 1, false)).toEqual({ passed: 2, failed: 1, failures, notRun: [] });
  });

  test('has a failure for a file that could not even be loaded, and for a bad end without a failed test', () => {
    const broken = { numPassedTests: 2, numFailedTests: 0, testResults: [file('passed', 'passed'), file('failed')] };
    expect(countTests(broken, 1, false)).toMatchObject({ failed: 1, failures: ['a.test.ts\nno such import'] });
    const unhandled = { numPassedTests: 1, numFailedTests: 0, testResults: [file('passed', 'passed')] };
    expect(countTests(unhandled, 1, false).failed).toBe(1);
    expect(countTests(undefined, 124, true)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('has a failure for each skipped test, but for suites that may lack their peers', () => {
    const report = { numPassedTests: 1, numFailedTests: 0, testResults: [file('passed', 'passed', 'skipped')] };
    expect(countTests(report, 0, false)).toMatchObject({ failed: 1, notRun: ['a.test.ts: skipped test'] });
    expect(countTests(report, 0, true)).toMatchObject({ failed: 0, notRun: ['a.test.ts: skipped test'] });
  });
});

test('the summary names what failed and ends with the sums', () => {
  const lint = { name: 'lint', passed: 1, failed: 0, failures: [], seconds: 1.25, notRun: [] };
  const unit = { name: 'unit', passed: 41, failed: 2, failures: ['a: b\nwas 3', 'c'], seconds: 3, notRun: ['x'] };
  expect(summaryLines([lint, unit])).toEqual([
    'FAILED a: b\nwas 3\n',
    'FAILED c\n',
    'lint: 1 passed, 0 failed (1.3 s)',
    'unit: 41 passed, 2 failed (3.0 s)',
    'did not run: x',
    '42 passed, 2 failed',
  ]);
});

test('a step that takes too long is ended with all that it started', async () => {
  const started = performance.now();
  expect(await run('sh', ['-c', 'sleep 60 & sleep 60'], 100)).toBe(124);
  expect(performance.now() - started).toBeLessThan(5000);
});

test('what a person or a machine has set for itself does not reach the tests', () => {
  const given = {
    PATH: '/bin',
    CI: 'true',
    NODE_OPTIONS: '--x',
    LANG: 'ja_JP.UTF-8',
    LC_ALL: 'ja_JP',
    HUBFARM_ETCD: 'e',
  };
  const mine = { ...given, FORCE_COLOR: '1', HUBFARM_PASSWORD: 'secret' };
  expect(surroundings(mine)).toEqual({ PATH: '/bin', CI: 'true', LANG: 'C.UTF-8', HUBFARM_ETCD: 'e' });
});

describe('the programs that interop tests run against', () => {
  const policyFile = 'usr/sbin/policy-rc.d';
  let root: string;
  let said: string[];
  let ran: string[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hubfarm-peers-'));
    said = [];
    ran = [];
    for (const name of peerNames) write(fileOf(name), '');
    write('usr/bin/apt-get', '');
    write('etc/os-release', 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n');
    mkdirSync(join(root, 'usr/sbin'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  function remove(...names: PeerName[]): void {
    for (const name of names) rmSync(join(root, fileOf(name)));
  }

  function machine(answer: (line: string) => boolean, isSuperuser = true): Machine {
    const runProgram = (program: string, args: readonly string[]): boolean => {
      const line = [program, ...args].join(' ');
      ran.push(line);
      return answer(line);
    };
    return { root, isSuperuser, say: (line) => said.push(line), run: runProgram };
  }

  test('are left alone when all are there', () => {
    expect(providePeers(machine(() => false))).toEqual([]);
    expect({ said, ran }).toEqual({ said: [], ran: [] });
  });

  test('are left alone when only what is measured beside hubfarm lacks', () => {
    remove('rtpengine');
    expect(providePeers(machine(() => false))).toEqual([]);
    expect({ said, ran }).toEqual({ said: [], ran: [] });
  });

  test('are installed by root on Debian, named, while no daemon can start', () => {
    remove('vpnbridge', 'tcpdump');
    const install = (): boolean => {
      expect(readFileSync(join(root, policyFile), 'utf8')).toBe('#!/bin/sh\nexit 101\n');
      expect(statSync(join(root, policyFile)).mode & 0o777).toBe(0o755);
      write(fileOf('vpnbridge'), '');
      write(fileOf('tcpdump'), '');
      return true;
    };
    expect(providePeers(machine(install))).toEqual([]);
    expect(said).toEqual(['installing what interop tests run against: softether-vpnbridge tcpdump']);
    expect(ran).toEqual(['apt-get -y -q --no-install-recommends install softether-vpnbridge tcpdump']);
    expect(existsSync(join(root, policyFile))).toBe(false);
  });

  test('are looked for again after new package lists, and named when they stay missing', () => {
    remove('iperf3');
    expect(providePeers(machine((line) => line.endsWith('update')))).toEqual(['iperf3']);
    expect(ran).toEqual([
      'apt-get -y -q --no-install-recommends install iperf3',
      'apt-get -y -q update',
      'apt-get -y -q --no-install-recommends install iperf3',
    ]);
  });

  test("leave the administrator's own policy as it was, also when the installation breaks off", () => {
    remove('iperf3');
    write(policyFile, 'his own');
    chmodSync(join(root, policyFile), 0o700);
    const broken = (): boolean => {
      throw new Error('no such program');
    };
    expect(() => providePeers(machine(broken))).toThrow('no such program');
    expect(readFileSync(join(root, policyFile), 'utf8')).toBe('his own');
    expect(statSync(join(root, policyFile)).mode & 0o777).toBe(0o700);
  });

  test('get their services disabled where systemd runs, and only those that we installed', () => {
    remove('vpnserver', 'openssl');
    write('run/systemd/system/x', '');
    for (const unit of ['softether-vpnserver', 'softether-vpnclient']) write(`lib/systemd/system/${unit}.service`, '');
    providePeers(machine(() => true));
    expect(ran.at(-1)).toBe('systemctl disable --now softether-vpnserver.service');
  });

  test('get a service disabled that is not called like its package', () => {
    remove('etcd');
    write('run/systemd/system/x', '');
    write('lib/systemd/system/etcd.service', '');
    providePeers(machine(() => true));
    expect(ran).toContain('apt-get -y -q --no-install-recommends install etcd-server');
    expect(ran.at(-1)).toBe('systemctl disable --now etcd.service');
  });

  test.each([
    ['without root', 'ID=debian', false],
    ['elsewhere than on Debian', 'ID=fedora', true],
  ])('are only named %s, with the one line that installs them', (_where, release, isSuperuser) => {
    remove('vpncmd', 'ping');
    write('etc/os-release', release);
    expect(providePeers(machine(() => true, isSuperuser))).toEqual(['softether-vpncmd', 'iputils-ping']);
    expect(ran).toEqual([]);
    expect(said.join()).toContain('sudo apt-get install --no-install-recommends softether-vpncmd iputils-ping');
  });
});

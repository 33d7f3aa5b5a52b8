import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { certificateDer } from '#base';
import { operations } from '#admin';
import { openFixture, testIdentity } from './fixture.ts';
import { hubRecord, userRecord } from './records.ts';
import { callJson } from './json-call.ts';

/** Answers of vpnserver 5.01.9674 to JSON-RPC calls in this order, as names and JSON types, or error numbers. */
type Shape = string | readonly Shape[] | { readonly [name: string]: Shape };
interface CapturedCall {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly result?: Shape;
  readonly error?: number;
}

const { calls } = JSON.parse(readFileSync('test/vectors/admin/json-rpc.json', 'utf8')) as {
  readonly calls: readonly CapturedCall[];
};

/** Of a list the first row stands for all. */
function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shapeOf(item)]));
  }
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Calls that this server answers in another way, and why. The key is the method and what tells it from the others. */
const exceptions: Readonly<Record<string, string>> = {
  GetCaps: 'has a test of its own',
  GetPortsUDP: 'no UDP port is listened on: the list is empty',
  EnumLogFile: 'there are no log files to read',
  'CreateUser su': 'users with a signed certificate could not log in: 33',
  'GetUser su': 'so there is none',
  'CreateUser pz': 'without a password or hash, the user could be anybody who knows zeros: 38',
  'CreateUser t9': 'an authentication type that does not exist is a wrong parameter (38), no internal error',
};

function keyOf({ method, params }: CapturedCall): string {
  return ['CreateUser', 'GetUser'].includes(method) ? `${method} ${String(params['Name_str'])}` : method;
}

test('calls that the original has answered are answered with the same names, types and error numbers', async () => {
  const fixture = await openFixture();
  await fixture.directory.updateHub('DEFAULT', () => hubRecord('DEFAULT'));
  await fixture.directory.deleteHub('OTHER');
  await fixture.directory.deleteUser('DEFAULT', 'anon');
  await fixture.directory.deleteUser('DEFAULT', 'user1');
  await fixture.directory.createUser('DEFAULT', userRecord('u1'));
  fixture.attach('DEFAULT', 'SID-U1-1', 'u1').sendFrame();
  const certificate = certificateDer(Buffer.from((await testIdentity()).certificatePem))!.toString('base64');

  const seen: unknown[] = [];
  const wanted: unknown[] = [];
  for (const call of calls) {
    const params = 'UserX_bin' in call.params ? { ...call.params, UserX_bin: certificate } : call.params;
    // The captured keys of table entries were chosen not to exist.
    const keyed = 'Key_u32' in params ? { ...params, Key_u32: 99 } : params;
    const answer = await callJson(fixture.context, call.method, keyed);
    if (keyOf(call) in exceptions) continue;
    const isSupported = operations.get(call.method)?.noun !== '';
    seen.push([keyOf(call), 'result' in answer ? shapeOf(answer.result) : answer.error.code]);
    wanted.push([keyOf(call), isSupported ? (call.result ?? call.error) : 33]);
  }
  expect(seen).toEqual(wanted);
  expect(seen.length).toBeGreaterThan(60);
  await fixture.close();
});

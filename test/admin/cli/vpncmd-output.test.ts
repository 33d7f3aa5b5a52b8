import { afterAll, expect, test } from 'vitest';
import vectors from '../../vectors/vpncmd-output.json' with { type: 'json' };
import type { JsonObject } from '../../../src/admin/cli/json-document.ts';
import { FakeServer, hubfarm, type Answer } from './fake-machine.ts';

/**
 * What vpncmd 5.01.9674 printed on a vpnserver of the same build, and what that server answered over JSON-RPC to the
 * same questions. Two of the cluster cases were put together from a recorded session of a cluster.
 */
interface Vector {
  readonly argv: readonly string[];
  readonly timeZone: string;
  readonly exitCode: number;
  readonly calls: readonly { readonly method: string; readonly params: JsonObject; readonly answer: JsonObject }[];
  readonly output: readonly string[];
}

const zoneBefore = process.env['TZ'];
afterAll(() => {
  if (zoneBefore === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zoneBefore;
});

/** Everything behind the banner. vpncmd ends some lines with a blank; we do not. */
function comparable(text: string, isCsv: boolean): string[] {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return isCsv ? lines : lines.slice(lines.findIndex((line) => line.startsWith('Connection has been')));
}

test.each((vectors as unknown as Vector[]).map((vector) => ({ name: vector.argv.join(' '), vector })))(
  'hubfarm cmd $name prints what vpncmd prints',
  async ({ vector }) => {
    process.env['TZ'] = vector.timeZone;
    const server = new FakeServer();
    for (const { method, answer } of vector.calls) {
      server.answers.set(method, (answer['result'] ?? { error: answer['error'] }) as Answer);
    }
    const { code, output } = await hubfarm(['cmd', 'localhost:443', ...vector.argv], { server });
    expect(comparable(output, vector.argv.includes('/CSV'))).toEqual(vector.output);
    expect(code).toBe(vector.exitCode);
    const asked = vector.calls.map(({ method, params }) => ({ method, params }));
    expect(server.calls.map(({ method, params }) => ({ method, params }))).toEqual(asked);
  },
);

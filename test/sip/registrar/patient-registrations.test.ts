import { describe, expect, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { registrarCaps } from '../../../src/sip/registrar/limits.ts';
import { PatientRegistrations } from '../../../src/sip/registrar/patient-registrations.ts';
import type { RegisterRequest } from '../../../src/sip/registrar/register-request.ts';
import type { RegistrationOwner } from '../../../src/sip/registrar/registrar.ts';
import type { RegisterResult } from '../../../src/sip/registrar/registrations.ts';

const stored: RegisterResult = { kind: 'bindings', bindings: [], needsStore: true };
const passing: RegisterResult = { kind: 'unavailable', reason: 'a moment', isPassing: true };
const full: RegisterResult = { kind: 'unavailable', reason: 'full' };
const request = {} as RegisterRequest;

function scene(answer: () => RegisterResult) {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const owner: RegistrationOwner = {
    register: (_aor, _request, _max, done) => {
      asked.push(clock.nowMs());
      done(answer());
    },
    end: () => Promise.resolve(0),
  };
  const patient = new PatientRegistrations(owner, clock);
  const results: RegisterResult[] = [];
  const register = (): void => patient.register('a@b', request, 1, (result) => results.push(result));
  return { clock, asked, results, register };
}

describe('a REGISTER', () => {
  test('whose account is changing its owner waits for the new one', () => {
    let answer: RegisterResult = passing;
    const { clock, results, register } = scene(() => answer);
    register();
    clock.advance(5_000);
    expect(results).toEqual([]);
    answer = stored;
    clock.advance(300);
    expect(results).toEqual([stored]);
  });

  test('is told so when that takes longer than telephones wait', () => {
    const { clock, asked, results, register } = scene(() => passing);
    register();
    clock.advance(60_000);
    expect(results).toEqual([passing]);
    expect(asked.at(-1)).toBeLessThan(32_000);
  });

  test('that cannot be stored for another reason is told so at once', () => {
    const { results, register } = scene(() => full);
    register();
    expect(results).toEqual([full]);
  });

  test('beyond as many as may wait is told so at once, until others are answered', () => {
    let answer: RegisterResult = passing;
    const { clock, results, register } = scene(() => answer);
    for (let at = 0; at < registrarCaps.maxWaiting; at++) register();
    expect(results).toEqual([]);
    register();
    expect(results).toEqual([passing]);
    answer = stored;
    clock.advance(300);
    expect(results).toHaveLength(registrarCaps.maxWaiting + 1);
    answer = passing;
    register();
    expect(results).toHaveLength(registrarCaps.maxWaiting + 1);
  });
});

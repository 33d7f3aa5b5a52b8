import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/app/config/load-config.ts';
import { relayPlace } from '../../../src/app/member/relay-place.ts';

const config = (text = '') => loadConfig({ name: 'hubfarm.toml', text });
const seat = (index: number) => ({ index, count: 3 });

test('members take messages of others by UDP at the numbers that the bus has by TCP, each one further', () => {
  expect(relayPlace(config(), seat(0), '192.0.2.1:5570')).toEqual({
    host: undefined,
    port: 5570,
    announced: '192.0.2.1',
  });
  expect(relayPlace(config('[cluster]\nbus = ["10.0.0.1:7000"]'), seat(2), '[2001:db8::1]:7002')).toEqual({
    host: '10.0.0.1',
    port: 7002,
    announced: '2001:db8::1',
  });
});

test('or where the settings say', () => {
  const place = relayPlace(config('[sip]\nrelayListen = "10.0.0.1:6000"'), seat(1), '192.0.2.1:5570');
  expect(place).toEqual({ host: '10.0.0.1', port: 6001, announced: '192.0.2.1' });
});

test('threads of a server that stands alone need no number that anybody knows', () => {
  expect(relayPlace(config(), seat(1), '')).toEqual({ host: undefined, port: 0, announced: '' });
});

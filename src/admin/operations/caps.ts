import { int, list, str, unistr, type Scalar } from '../schema/field.ts';
import { capabilities, capabilityNames } from './capability-list.ts';
import { operation } from './operation.ts';

/** Besides the list, one integer per capability: vpncmd reads only those. */
const singleFields: Readonly<Record<`caps_${string}`, Scalar<'int', false>>> = Object.fromEntries(
  capabilityNames.map((name) => [`caps_${name}`, int()]),
);

export const capsOperations = [
  operation({
    name: 'GetCaps',
    noun: 'server',
    verb: 'caps',
    about: 'What this server can do, and how much of it. Clients hide from their users what says 0.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {
      CapsList: list({ CapsName: str(), CapsValue: int(), CapsDescrption: unistr() }),
      ...singleFields,
    },
    run: (context) => {
      const caps = capabilities(context);
      return {
        CapsList: caps.map(({ name, value, about }) => ({ CapsName: name, CapsValue: value, CapsDescrption: about })),
        ...Object.fromEntries(caps.map(({ name, value }) => [`caps_${name}`, value])),
      };
    },
  }),
];

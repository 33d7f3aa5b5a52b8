import { createNodeThreads } from '#io/node';
import { describeBackplane } from './conformance.ts';
import { embeddedHarness, sharedHarness } from './embedded-harness.ts';

describeBackplane('the embedded store in the caller’s loop', () => embeddedHarness());
describeBackplane('the embedded store in its own thread', () => embeddedHarness(createNodeThreads()));
describeBackplane('the embedded store of several threads', () => sharedHarness());

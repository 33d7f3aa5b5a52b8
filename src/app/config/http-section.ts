import { defaultHttpFaceLimits, type HttpFaceLimits } from '#admin';
import { integer, type Section } from './setting.ts';

const limits = defaultHttpFaceLimits;
const mebibyte = 1024 * 1024;

export const http: Section<HttpFaceLimits> = {
  description: 'Limits of HTTP on the same ports: JSON-RPC, documentation, health, metrics.',
  settings: {
    maxConnections: integer(limits.maxConnections, 1, 100_000, 'HTTP connections at once. One more is closed.'),
    maxPipelined: integer(
      limits.maxPipelined,
      1,
      1000,
      'Requests of one connection that are served at once. One more closes it.',
    ),
    idleTimeoutMs: integer(
      limits.idleTimeoutMs,
      1000,
      3_600_000,
      'From a new connection, or the last answer, to the whole head of the next request.',
    ),
    bodyTimeoutMs: integer(limits.bodyTimeoutMs, 1000, 3_600_000, "From a request's head to the end of its body."),
    answerTimeoutMs: integer(
      limits.answerTimeoutMs,
      1000,
      3_600_000,
      'From an answer to the moment when the client has taken all of it.',
    ),
    maxHeadBytes: integer(limits.maxHeadBytes, 1024, mebibyte, 'Head of a request.'),
    maxServerBodyBytes: integer(
      limits.maxServerBodyBytes,
      1024,
      1024 * mebibyte,
      'Body of a request by an administrator of the server. An imported configuration is the largest.',
    ),
    maxHubBodyBytes: integer(
      limits.maxHubBodyBytes,
      1024,
      1024 * mebibyte,
      'Body of a request by an administrator of one hub.',
    ),
  },
};

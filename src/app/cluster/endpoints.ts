import type { EngineEndpoint } from '#backplane';

/** `192.0.2.1:5568`, `[2001:db8::1]:5568` */
export const endpointText = ({ host, port }: EngineEndpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** What is not an endpoint is left out. */
export function parseEndpoints(texts: readonly string[]): EngineEndpoint[] {
  return texts.flatMap((text) => {
    const { host, bare, port } = /^(?:\[(?<host>[^\]]+)\]|(?<bare>[^:]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
    const name = host ?? bare;
    return name === undefined || port === undefined ? [] : [{ host: name, port: Number(port) }];
  });
}

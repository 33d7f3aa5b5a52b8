import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/**
 * Sends bytes over TCP, or datagrams over UDP, and checks them. `transfer.ts serve <address>` prints `port <n>`, then
 * `tcp <bytes> <sha256>` for each connection and echoes datagrams; `transfer.ts send <address> <port> <bytes>` prints the
 * same of what it sent, and `udp <answers>`.
 */
const [, , mode, address = '', port = '0', bytes = '0'] = process.argv;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function serve(): void {
  const server = createServer((socket) => {
    const hash = createHash('sha256');
    let received = 0;
    socket.on('data', (chunk) => {
      hash.update(chunk);
      received += chunk.length;
    });
    socket.on('end', () => {
      say(`tcp ${received} ${hash.digest('hex')}`);
      socket.end('done');
    });
  });
  server.listen(0, address, () => {
    const { port: bound } = server.address() as { port: number };
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    udp.on('message', (message, from) => udp.send(message, from.port, from.address));
    udp.bind(bound, address, () => say(`port ${bound}`));
  });
}

async function send(): Promise<void> {
  const data = Buffer.allocUnsafe(Number(bytes));
  for (let i = 0; i < data.length; i++) data[i] = (i * 7919) >> 5;
  await new Promise((resolve) => {
    const socket = connect(Number(port), address, () => socket.end(data));
    socket.resume().on('close', resolve);
  });
  say(`tcp ${data.length} ${createHash('sha256').update(data).digest('hex')}`);
  say(`udp ${await echoes()}`);
}

/** How many of 5 datagrams come back. */
function echoes(): Promise<number> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let answers = 0;
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(overdue);
      socket.close();
      resolve(answers);
    };
    const overdue = setTimeout(end, 3_000);
    socket.on('message', () => {
      if (++answers === 5) end();
    });
    for (let i = 0; i < 5; i++) socket.send(Buffer.alloc(100 + i, i), Number(port), address);
  });
}

if (mode === 'serve') serve();
else await send();

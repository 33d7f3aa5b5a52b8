import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../test/interop/namespaces.ts';
import type { RunningProcess } from '../../test/interop/process.ts';
import type { SipUser } from '../../test/interop/sipp.ts';

const modules = ['kex tm sl rr pv maxfwd usrloc registrar textops siputils db_text htable auth jsonrpcs xlog'].flatMap(
  (names) => names.split(' '),
);

/** Registrar and stateful record-routing proxy: locations in memory, digest against a table, two workers a transport. */
const configuration = (address: string, domain: string, folder: string): string => `#!KAMAILIO
debug=0
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
alias="${domain}"
maxbuffer=4194304
dns=no
rev_dns=no
server_signature=no
listen=udp:${address}:5060
listen=tcp:${address}:5060
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "fifo_name", "")
modparam("jsonrpcs", "dgram_socket", "${folder}/rpc.sock")
modparam("tm", "failure_reply_mode", 3)
modparam("rr", "enable_full_lr", 0)
modparam("rr", "append_fromtag", 0)
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 14)
modparam("registrar", "max_contacts", 10)
modparam("htable", "db_url", "text://${folder}/db")
modparam("htable", "htable", "users=>size=15;dbtable=users;autoexpire=0;")
modparam("auth", "nonce_expire", 300)
request_route {
  if (is_method("OPTIONS") && uri==myself) { sl_send_reply("200", "OK"); exit; }
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route()) { route(RELAY); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { route(RELAY); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) { route(RELAY); } exit; }
  t_check_trans();
  if (is_method("REGISTER")) {
    if ($au == $null || !pv_auth_check("${domain}", "$sht(users=>$au)", "0", "1")) {
      auth_challenge("${domain}", "0");
      exit;
    }
    save("location");
    exit;
  }
  if (is_method("INVITE|SUBSCRIBE")) { record_route(); }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  route(RELAY);
}
route[RELAY] { if (!t_relay()) { sl_reply_error(); } exit; }
`;

export function writeTables(folder: string, users: readonly SipUser[]): void {
  const db = join(folder, 'db');
  mkdirSync(db, { recursive: true });
  const columns = 'id(int,auto) key_name(string) key_type(int) value_type(int) key_value(string) expires(int)';
  const rows = users.map(({ name, password }, index) => `${index + 1}:${name}:0:0:${password}:0`);
  writeFileSync(join(db, 'users'), `${columns}\n${rows.join('\n')}\n`);
  writeFileSync(join(db, 'version'), 'table_name(string) table_version(int)\nhtable:2\nusers:2\nlocation:9\n');
}

/** Debian's Kamailio on a host of its own, UDP and TCP on port 5060. */
export class Kamailio {
  readonly host: Host;
  #process: RunningProcess | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error('Kamailio has not been started');
    return this.#process.pid;
  }

  async start(domain: string, users: readonly SipUser[]): Promise<void> {
    const { folder, address } = this.host;
    writeTables(folder, users);
    const file = join(folder, 'kamailio.cfg');
    writeFileSync(file, configuration(address, domain, folder));
    // -DD: stays in the foreground; megabytes of shared and of each worker's own memory
    this.#process = this.host.start('kamailio', ['-f', file, '-Y', folder, '-m', '1024', '-M', '16', '-DD', '-E']);
    await this.host.listens(5060, 20_000, () => this.#process?.output ?? '');
  }

  async stop(): Promise<void> {
    await this.#process?.stop(20_000);
  }
}
